"""Use cases of networks."""
