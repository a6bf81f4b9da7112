"""What an agent gets."""
