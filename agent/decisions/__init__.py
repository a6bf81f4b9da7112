"""What `core.step` is made of: each takes the state and gives the next with its effects; pure."""
