"""Addresses of a network: host indexes, which is handed out next, and what is left.

A peer stores its host index; its address is the network's origin plus the index, for
IPv4 and IPv6 alike. So a change of CIDR moves every peer in one write.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from chalicelib.domain.cidr import METADATA, NO_HOSTS, parse_cidr, require_no_touch
from chalicelib.domain.errors import Invalid

QUARANTINE = timedelta(days=7)
FIRST_INDEX = 1  # index 0 is the network address

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


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Indexes from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return max(0, self.last - self.first + 1)

    def __contains__(self, index: int) -> bool:
        return self.first <= index <= self.last


@dataclass(frozen=True, slots=True)
class AddressRange:
    """Addresses from `first` to `last`, both included, of whichever network."""

    first: IPv4Address
    last: IPv4Address

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def within(self, cidr: IPv4Network) -> Span:
        """Raises Invalid: one of the two is not a host address of the network."""
        return Span(_index(cidr, self.first, "first"), _index(cidr, self.last, "last"))


@dataclass(frozen=True, slots=True)
class Reservation:
    """Indexes that are handed out to nobody; `note` says why."""

    span: Span
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many indexes: `usable` is the sum of the others."""

    usable: int
    allocated: int
    reserved: int
    quarantined: int
    available: int


def parse_network_cidr(text: str, allow_public: bool) -> IPv4Network:
    """Parse a network's own range: IPv4, /8 to /30, private or CGNAT unless `allow_public`.

    CGNAT may hold the metadata address of a cloud: it is then a peer's, and nothing goes there out of the tunnel.
    """
    cidr = parse_cidr("cidr", text)
    if not isinstance(cidr, IPv4Network):
        raise Invalid([("cidr", "IPv6 goes into cidr_v6; cidr is IPv4.")])
    if not 8 <= cidr.prefixlen <= 30:
        raise Invalid([("cidr", f"A /{cidr.prefixlen} does not fit: the prefix length is 8 to 30.")])
    if not any(cidr.subnet_of(private) for private in PRIVATE):
        require_no_touch("cidr", cidr, (*NO_HOSTS, *METADATA))
    if not allow_public:
        require_private(cidr)
    return cidr


def require_private(cidr: IPv4Network) -> None:
    """Raises Invalid: the range belongs to others on the internet."""
    if not any(cidr.subnet_of(private) for private in PRIVATE):
        raise Invalid(
            [("cidr", f"{cidr} is not private (RFC 1918) or CGNAT. Set allow_public to use it all the same.")]
        )


def parse_network_cidr_v6(text: str) -> IPv6Network:
    """Parse a network's IPv6 range: ULA, /48 to /112."""
    cidr_v6 = parse_cidr("cidr_v6", text)
    if not isinstance(cidr_v6, IPv6Network) or not cidr_v6.subnet_of(ULA):
        raise Invalid([("cidr_v6", f"{cidr_v6} is not in fc00::/7. Use a ULA prefix such as fd12:3456:789a::/64.")])
    if not 48 <= cidr_v6.prefixlen <= 112:
        raise Invalid([("cidr_v6", f"A /{cidr_v6.prefixlen} does not fit: the prefix length is 48 to 112.")])
    require_no_touch("cidr_v6", cidr_v6, METADATA)
    return cidr_v6


def require_room(cidr: IPv4Network, cidr_v6: IPv6Network | None) -> None:
    """Refuse an IPv6 range with fewer host bits than the IPv4 one: an index would have no address in it."""
    if cidr_v6 is not None and 128 - cidr_v6.prefixlen < 32 - cidr.prefixlen:
        raise Invalid([("cidr_v6", f"{cidr_v6} has fewer addresses than {cidr}. Use a shorter prefix.")])


def address_at(cidr: IPv4Network, index: int) -> IPv4Address:
    return cidr.network_address + index


def address_v6_at(cidr: IPv6Network, index: int) -> IPv6Address:
    return cidr.network_address + index


def last_index(cidr: IPv4Network) -> int:
    """Highest index handed out: the one below the broadcast address."""
    return cidr.num_addresses - 2


def index_of(cidr: IPv4Network, text: str, field: str = "address") -> int:
    """Turn an explicitly asked address into its index.

    Raises:
        Invalid: no IPv4 address, outside the network, or its network or broadcast address.
    """
    return _index(cidr, _address(text, field), field)


def parse_address_range(first: str, last: str | None) -> AddressRange:
    """Parse both ends of a range; `last` None: it is one address.

    Raises:
        Invalid: no IPv4 address, or the wrong way round.
    """
    low = _address(first, "first")
    high = low if last is None else _address(last, "last")
    if high < low:
        raise Invalid([("last", f"{last} comes before {first}.")])
    return AddressRange(low, high)


def _address(text: str, field: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise Invalid([(field, f"{text!r} is no IPv4 address.")]) from None


def _index(cidr: IPv4Network, address: IPv4Address, field: str) -> int:
    index = int(address) - int(cidr.network_address)
    if not FIRST_INDEX <= index <= last_index(cidr):
        raise Invalid([(field, f"{address} is not a host address of {cidr}.")])
    return index


def free_of(spans: Iterable[Span], taken: Iterator[int]) -> Iterator[int]:
    """The indexes of spans that are not taken, ascending.

    Args:
        spans: apart, ascending.
        taken: indexes that are held or quarantined, ascending, read as far as needed.
    """
    held = next(taken, None)
    for index in (index for span in spans for index in range(span.first, span.last + 1)):
        while held is not None and held < index:
            held = next(taken, None)
        if held != index:
            yield index


def subtract(span: Span, holes: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of a span, ascending."""
    left, start = [], span.first
    for hole in sorted(holes):
        if hole.last < start or hole.first > span.last:
            continue
        left.append(Span(start, hole.first - 1))
        start = hole.last + 1
    left.append(Span(start, span.last))
    return tuple(piece for piece in left if piece.size)


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same indexes in the fewest spans, ascending."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last + 1:
            merged[-1] = Span(merged[-1].first, max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return tuple(merged)


def capacity(cidr: IPv4Network, reserved: Sequence[Span], allocated: int, quarantined: Iterable[int]) -> Capacity:
    """Count a network's indexes.

    Args:
        reserved: disjoint, and none of them holds a peer.
        quarantined: indexes freed less than QUARANTINE ago; one that is reserved counts as reserved.
    """
    within = Span(FIRST_INDEX, last_index(cidr))
    kept = sum(within.size - sum(left.size for left in subtract(within, [span])) for span in reserved)
    waiting = sum(index in within and not any(index in span for span in reserved) for index in quarantined)
    return Capacity(within.size, allocated, kept, waiting, within.size - allocated - kept - waiting)
