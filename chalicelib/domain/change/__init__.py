"""What changed, whom it concerns, and how far it has got."""
