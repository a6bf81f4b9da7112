"""CIDRs and addresses as typed values: parsing, overlap, and what is left of one when others are taken out."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network

from chalicelib.domain.errors import Invalid

Cidr = IPv4Network | IPv6Network
WRITTEN = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?\Z")  # no mask, and no IPv6 zone, which may hold any text
Address = IPv4Address | IPv6Address

MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses written as IPv6, RFC 4291 section 2.5.5.2
NO_HOSTS: tuple[Cidr, ...] = tuple(
    ip_network(cidr)
    for cidr in (
        "0.0.0.0/8",  # this network: RFC 1122 section 3.2.1.3
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, RFC 3927: metadata services of clouds
        "224.0.0.0/4",  # multicast
        "255.255.255.255/32",
        "::/96",  # unspecified, loopback, and IPv4-compatible: RFC 4291 section 2.5.5.1
        str(MAPPED),
        "fe80::/10",
        "ff00::/8",
    )
)
"""Where no host lies that another machine could reach: unspecified, loopback, link-local, multicast."""

METADATA: tuple[Cidr, ...] = tuple(
    ip_network(cidr)
    for cidr in (
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure's WireServer
        "192.0.0.192/32",  # Oracle Cloud
        "fd00:42::42/128",  # Scaleway
        "fd00:c1::a9fe:a9fe/128",  # Oracle Cloud
        "fd00:ec2::/64",  # AWS: metadata, resolver, time, pod identity
        "fd20:ce::254/128",  # Google Cloud
    )
)
"""Where clouds tell a machine its credentials, beside 169.254.0.0/16: no other machine may ask for it."""

WIDEST = {4: 8, 6: 16}  # prefix length of what may stand behind a peer: halves of the internet are full encapsulation


def parse_cidr(field: str, text: str) -> Cidr:
    """Parse a CIDR, IPv4 or IPv6.

    Raises:
        Invalid: not a CIDR, with host bits (the message holds the corrected one), or IPv4 written as IPv6.
    """
    try:
        loose = ip_network(text if WRITTEN.match(text) else "", strict=False)
    except ValueError:
        raise Invalid([(field, f"{text!r} is no CIDR. Write it like 10.20.0.0/24.")]) from None
    if "/" not in text:
        raise Invalid([(field, f"{text!r} has no prefix length. Did you mean {loose}?")])
    if ip_address(text.partition("/")[0]) != loose.network_address:
        raise Invalid([(field, f"{text} has host bits set. Did you mean {loose}?")])
    if contains(MAPPED, loose):
        v4 = IPv4Network((int(loose.network_address) & 0xFFFFFFFF, loose.prefixlen - MAPPED.prefixlen))
        raise Invalid([(field, f"{text} is IPv4 written as IPv6, which no packet has. Did you mean {v4}?")])
    return loose


def parse_cidrs(field: str, texts: Iterable[str], at_most: int) -> tuple[Cidr, ...]:
    """Parse the CIDRs behind a peer, in their order.

    Raises:
        Invalid: too many, and each that is malformed, stands twice, or cannot stand behind a peer.
    """
    asked = list(texts)
    if len(asked) > at_most:
        raise Invalid([(field, f"At most {at_most} CIDRs, and these are {len(asked)}.")])
    cidrs: list[Cidr] = []
    errors: list[tuple[str, str]] = []
    for n, text in enumerate(asked):
        try:
            cidr = _behind(f"{field}[{n}]", text)
        except Invalid as invalid:
            errors += invalid.errors
            continue
        if cidr in cidrs:
            errors.append((f"{field}[{n}]", f"{cidr} stands twice in the list."))
        cidrs.append(cidr)
    if errors:
        raise Invalid(errors)
    return tuple(cidrs)


def require_no_touch(field: str, cidr: Cidr, barred: Iterable[Cidr]) -> None:
    """Raises Invalid: the CIDR shares addresses with one that is barred, which the message names."""
    touched = next((one for one in barred if overlaps(cidr, one)), None)
    if touched is not None:
        raise Invalid([(field, f"{cidr} touches {touched}: {_barred_for(touched)}. Choose a range outside it.")])


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 address stands for; any other as it is."""
    return address if isinstance(address, IPv4Address) else address.ipv4_mapped or address


def is_reachable(address: Address) -> bool:
    """Whether another machine could reach a host of this address."""
    return not any(address in cidr for cidr in NO_HOSTS)


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


def _behind(field: str, text: str) -> Cidr:
    """Parse one CIDR that is to stand behind a peer. Raises Invalid."""
    cidr = parse_cidr(field, text)
    widest = WIDEST[cidr.version]
    if cidr.prefixlen < widest:
        remedy = "To send all of a peer's traffic through its jump, set full_encapsulation on that peer."
        raise Invalid([(field, f"{cidr} is too wide to stand behind a peer: at most a /{widest}. {remedy}")])
    require_no_touch(field, cidr, (*NO_HOSTS, *METADATA))
    return cidr


def _barred_for(barred: Cidr) -> str:
    if barred in METADATA:
        return "there a cloud tells a machine its credentials, which other machines must not reach"
    return "unspecified, loopback, link-local, broadcast and multicast addresses lead to no other machine"


def _place(cidr: Cidr) -> tuple[int, int, int]:
    return (cidr.version, int(cidr.network_address), cidr.prefixlen)


def _split(whole: Cidr, hole: Cidr) -> Iterable[Cidr]:
    if contains(hole, whole):
        return ()
    if not contains(whole, hole):
        return (whole,)
    return whole.address_exclude(hole)  # type: ignore[arg-type]  # of the same version: it is contained
