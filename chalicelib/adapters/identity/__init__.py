"""Tokens of identity providers, and agents' assertions."""
