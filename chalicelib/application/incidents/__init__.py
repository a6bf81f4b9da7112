"""Incidents: what is found of peers, what is done about it, and how it ends."""
