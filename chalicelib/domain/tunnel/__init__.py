"""What WireGuard and firewalls of peers are made of."""
