"""Puts use cases and adapters together."""
