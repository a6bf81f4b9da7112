"""All ports in dicts: for tests, and for reading what the ports promise.

It keeps every promise of `ports` and is hostile about the rest: see `adversary`.
"""
