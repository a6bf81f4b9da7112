"""Proofs that a peer's identity is used twice, from what agents and jumps report."""
