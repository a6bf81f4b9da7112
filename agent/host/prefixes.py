"""Prefixes of IPv4 and IPv6, and which lies in which; pure."""

from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

Prefix: TypeAlias = IPv4Network | IPv6Network

EVERYTHING: tuple[Prefix, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


def contains(outer: Prefix, inner: Prefix) -> bool:
    """Whether all of `inner` lies in `outer`; never where one is IPv4 and the other IPv6."""
    return outer.prefixlen <= inner.prefixlen and inner.network_address in outer
