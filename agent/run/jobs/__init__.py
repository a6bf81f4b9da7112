"""What the jobs of the core are on this host and with its control plane."""
