"""Webhooks: who is told of what, by which signature, and what becomes of a delivery."""
