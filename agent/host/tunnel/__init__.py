"""One WireGuard interface: wanted, live, and the difference."""
