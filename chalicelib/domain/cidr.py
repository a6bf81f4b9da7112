"""CIDRs and addresses as typed values: parsing, overlap, and what is left of one when others are taken out."""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

from chalicelib.domain.errors import Invalid

Cidr = IPv4Network | IPv6Network
WRITTEN = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?\Z")  # no mask, and no IPv6 zone, which may hold any text
Address = IPv4Address | IPv6Address


def parse_cidr(field: str, text: str) -> Cidr:
    """Parse a CIDR, IPv4 or IPv6.

    Raises:
        Invalid: not a CIDR, or with host bits (the message holds the corrected one).
    """
    try:
        loose = ip_network(text if WRITTEN.match(text) else "", strict=False)
    except ValueError:
        raise Invalid([(field, f"{text!r} is no CIDR. Write it like 10.20.0.0/24.")]) from None
    if "/" not in text:
        raise Invalid([(field, f"{text!r} has no prefix length. Did you mean {loose}?")])
    if ip_address(text.partition("/")[0]) != loose.network_address:
        raise Invalid([(field, f"{text} has host bits set. Did you mean {loose}?")])
    return loose


def parse_cidrs(field: str, texts: Iterable[str], at_most: int) -> tuple[Cidr, ...]:
    """Parse a list of CIDRs, in its order.

    Raises:
        Invalid: too many, one twice, or the whole internet.
    """
    cidrs: list[Cidr] = []
    for n, text in enumerate(texts):
        cidr = parse_cidr(f"{field}[{n}]", text)
        if cidr.prefixlen == 0:
            raise Invalid([(f"{field}[{n}]", f"{cidr} is the whole internet, which cannot stand behind a peer.")])
        if cidr in cidrs:
            raise Invalid([(f"{field}[{n}]", f"{cidr} stands twice in the list.")])
        cidrs.append(cidr)
    if len(cidrs) > at_most:
        raise Invalid([(field, f"At most {at_most} CIDRs, and these are {len(cidrs)}.")])
    return tuple(cidrs)


def contains(outer: Cidr, inner: Cidr) -> bool:
    """Whether every address of `inner` lies in `outer`; ranges of two IP versions never do."""
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def overlaps(one: Cidr, other: Cidr) -> bool:
    """Whether they share an address: one contains the other."""
    return contains(one, other) or contains(other, one)


def without(cidr: Cidr, taken: Iterable[Cidr]) -> tuple[Cidr, ...]:
    """What is left of a CIDR when those inside it are taken out, in the fewest prefixes."""
    left: list[Cidr] = [cidr]
    for hole in sorted(taken, key=lambda inner: inner.prefixlen):
        left = [piece for whole in left for piece in _split(whole, hole)]
    return ordered(left)


def joined(cidrs: Iterable[Cidr]) -> tuple[Cidr, ...]:
    """The same addresses in the fewest prefixes, ordered."""
    known = ordered(cidrs)
    v4 = collapse_addresses(cidr for cidr in known if isinstance(cidr, IPv4Network))
    v6 = collapse_addresses(cidr for cidr in known if isinstance(cidr, IPv6Network))
    return (*v4, *v6)


def ordered(cidrs: Iterable[Cidr]) -> tuple[Cidr, ...]:
    """Each once, IPv4 before IPv6, then by address: the order in which they stand everywhere."""
    return tuple(sorted(set(cidrs), key=_place))


def _place(cidr: Cidr) -> tuple[int, int, int]:
    return (cidr.version, int(cidr.network_address), cidr.prefixlen)


def _split(whole: Cidr, hole: Cidr) -> Iterable[Cidr]:
    if contains(hole, whole):
        return ()
    if not contains(whole, hole):
        return (whole,)
    return whole.address_exclude(hole)  # type: ignore[arg-type]  # of the same version: it is contained
