"""Tables of nftables: the own one, and those of others."""
