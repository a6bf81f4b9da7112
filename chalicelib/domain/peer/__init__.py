"""Peers, their homes, keys and presence."""
