"""Use cases of peers."""
