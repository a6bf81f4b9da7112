"""What `doctor` says of a host."""
