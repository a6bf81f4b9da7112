"""What the control plane sent."""
