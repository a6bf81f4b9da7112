"""Commands that look at a host or move an identity: each puts adapters and pure parts together, like `__main__`."""
