"""What touches a Linux host."""
