"""Frozen values and pure functions: what Wirety decides. No clock, randomness or I/O."""
