"""Addresses of a network: parsing, host indexes, and which index is handed out next.

A peer stores its host index; its address is the network's origin plus the index, for
IPv4 and IPv6 alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from chalicelib.domain.errors import Invalid

Cidr = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

QUARANTINE = timedelta(days=7)

PRIVATE = tuple(
    IPv4Network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")  # RFC 1918, RFC 6598
)
ULA = IPv6Network("fc00::/7")  # RFC 4193


@dataclass(frozen=True, slots=True)
class Allocation:
    """One index: held by a peer, or (`freed_at` set) in quarantine since then."""

    index: int
    freed_at: datetime | None = None


def parse_cidr(field: str, text: str) -> Cidr:
    """Parse a CIDR, IPv4 or IPv6.

    Raises:
        Invalid: not a CIDR, or with host bits (the message holds the corrected one).
    """
    try:
        loose = ip_network(text, strict=False)
    except ValueError:
        raise Invalid([(field, f"{text!r} is no CIDR. Write it like 10.20.0.0/24.")]) from None
    if "/" not in text:
        raise Invalid([(field, f"{text!r} has no prefix length. Did you mean {loose}?")])
    if ip_address(text.partition("/")[0]) != loose.network_address:
        raise Invalid([(field, f"{text} has host bits set. Did you mean {loose}?")])
    return loose


def parse_network_cidr(text: str, allow_public: bool) -> IPv4Network:
    """Parse a network's own range: IPv4, /8 to /30, private or CGNAT unless `allow_public`."""
    cidr = parse_cidr("cidr", text)
    if not isinstance(cidr, IPv4Network):
        raise Invalid([("cidr", "IPv6 goes into cidr_v6; cidr is IPv4.")])
    if not 8 <= cidr.prefixlen <= 30:
        raise Invalid([("cidr", f"A /{cidr.prefixlen} does not fit: the prefix length is 8 to 30.")])
    if not allow_public and not any(cidr.subnet_of(private) for private in PRIVATE):
        raise Invalid(
            [("cidr", f"{cidr} is not private (RFC 1918) or CGNAT. Set allow_public to use it all the same.")]
        )
    return cidr


def parse_network_cidr_v6(text: str, cidr: IPv4Network) -> IPv6Network:
    """Parse a network's IPv6 range: ULA, /48 to /112, at least as many host bits as `cidr`."""
    cidr_v6 = parse_cidr("cidr_v6", text)
    if not isinstance(cidr_v6, IPv6Network) or not cidr_v6.subnet_of(ULA):
        raise Invalid([("cidr_v6", f"{cidr_v6} is not in fc00::/7. Use a ULA prefix such as fd12:3456:789a::/64.")])
    if not 48 <= cidr_v6.prefixlen <= 112:
        raise Invalid([("cidr_v6", f"A /{cidr_v6.prefixlen} does not fit: the prefix length is 48 to 112.")])
    if 128 - cidr_v6.prefixlen < 32 - cidr.prefixlen:
        raise Invalid([("cidr_v6", f"{cidr_v6} has fewer addresses than {cidr}. Use a shorter prefix.")])
    return cidr_v6


def address_at(cidr: IPv4Network, index: int) -> IPv4Address:
    return cidr.network_address + index


def address_v6_at(cidr: IPv6Network, index: int) -> IPv6Address:
    return cidr.network_address + index


def last_index(cidr: IPv4Network) -> int:
    """Highest index handed out: the one below the broadcast address."""
    return cidr.num_addresses - 2


def index_of(cidr: IPv4Network, text: str) -> int:
    """Turn an explicitly asked address into its index.

    Raises:
        Invalid: no IPv4 address, outside the network, or its network or broadcast address.
    """
    try:
        address = IPv4Address(text)
    except ValueError:
        raise Invalid([("address", f"{text!r} is no IPv4 address.")]) from None
    index = int(address) - int(cidr.network_address)
    if not 1 <= index <= last_index(cidr):
        raise Invalid([("address", f"{address} is not a host address of {cidr}.")])
    return index


def next_free(cidr: IPv4Network, cursor: int, taken: Iterable[int]) -> int | None:
    """Pick the first index from `cursor` up that is not taken; None when the range ends.

    Args:
        cursor: no index below it was never handed out.
        taken: indexes from `cursor` up that are held or quarantined, ascending.
    """
    index = cursor
    for held in taken:
        if held > index:
            break
        index = held + 1
    return index if index <= last_index(cidr) else None


def overlaps(one: Cidr, other: Cidr) -> bool:
    """Whether they share an address; ranges of two IP versions never do."""
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.overlaps(other)
    return isinstance(one, IPv6Network) and isinstance(other, IPv6Network) and one.overlaps(other)
