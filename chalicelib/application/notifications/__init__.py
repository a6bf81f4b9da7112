"""Webhooks: what people decide of them, who is told of what, and the sending."""
