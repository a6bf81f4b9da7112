"""What speaks to the control plane."""
