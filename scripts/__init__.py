"""Commands for people who run or release Wirety."""
