"""What the host should have, what it has, and the fewest steps between; values and functions."""
