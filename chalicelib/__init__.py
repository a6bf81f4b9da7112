"""Wirety's control plane. Start at `app.py`; docs/adr says why it has this shape."""
