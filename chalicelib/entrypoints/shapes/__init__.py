"""Between shapes of the wire and values."""
