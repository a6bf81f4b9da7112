"""What a host should have and how it differs; pure."""
