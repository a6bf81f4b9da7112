"""What a jump lets through, as the text of nftables; values and functions."""
