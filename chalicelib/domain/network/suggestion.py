"""Free ranges for a new network. Looks only; the claim is the network's creation."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, collapse_addresses
from itertools import islice

from chalicelib.domain.cidr import Cidr
from chalicelib.domain.errors import Invalid

BASES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))  # RFC 1918
SHORTEST, LONGEST = 8, 30
MOST_PEERS = 2 ** (32 - SHORTEST) - 2


def prefix_for(peers: int) -> int:
    """The longest prefix with a host address for each of so many peers.

    Raises:
        Invalid: none, or more than a /8 holds.
    """
    if not 1 <= peers <= MOST_PEERS:
        raise Invalid([("peers", f"{peers} does not fit: 1 to {MOST_PEERS}.")])
    return min(LONGEST, 32 - (peers + 1).bit_length())


def suggestions(bases: Iterable[IPv4Network], peers: int, taken: Iterable[Cidr], count: int) -> list[IPv4Network]:
    """The first `count` ranges, in the order of the bases, that hold so many peers and overlap nothing taken."""
    prefix = prefix_for(peers)
    held = list(collapse_addresses(cidr for cidr in taken if isinstance(cidr, IPv4Network)))
    return list(islice((found for base in bases for found in _free(base, prefix, held)), count))


def _free(base: IPv4Network, prefix: int, held: list[IPv4Network]) -> Iterator[IPv4Network]:
    """Aligned subnets of `base` that no held one touches; goes past each held one in a single step."""
    if prefix < base.prefixlen:
        return
    size, start, end = 2 ** (32 - prefix), int(base.network_address), int(base.broadcast_address)
    for taken in [*held, None]:
        stop = end + 1 if taken is None else int(taken.network_address)
        while start + size <= min(stop, end + 1):
            yield IPv4Network((start, prefix))
            start += size
        if taken is not None and int(taken.broadcast_address) >= start:
            start = -(-(int(taken.broadcast_address) + 1) // size) * size
