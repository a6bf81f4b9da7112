"""Whose addresses are whose, as routing decides: by the longest prefix."""

from collections.abc import Iterable, Mapping

from chalicelib.domain.cidr import Cidr, contains, ordered, without
from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.sections import hosts


def territories(network: Network, peers: Iterable[Peer]) -> Mapping[PeerId, tuple[Cidr, ...]]:
    """Each peer's own addresses and the CIDRs behind it, less what a longer prefix gives to another.

    A CIDR behind several jumps is in the territory of each.
    """
    known = list(peers)
    behind = _by_range((cidr, peer.id) for peer in known for cidr in peer.additional_allowed_ips)
    return {peer.id: _own(network, peer, behind) for peer in known}


Behind = list[tuple[Cidr, PeerId]]


def _own(network: Network, peer: Peer, behind: Behind) -> tuple[Cidr, ...]:
    own = hosts(network, peer)
    if not peer.additional_allowed_ips:
        return own
    left = (left for cidr in peer.additional_allowed_ips for left in without(cidr, _inside(cidr, peer, behind)))
    return ordered((*own, *left))


def _by_range(behind: Iterable[tuple[Cidr, PeerId]]) -> Behind:
    return sorted(behind, key=lambda one: (one[0].version, int(one[0].network_address), one[0].prefixlen))


def _inside(cidr: Cidr, owner: Peer, behind: Behind) -> list[Cidr]:
    """Longer prefixes of other peers within one of its own; a longer prefix of the same peer is not subtracted."""
    own = set(owner.additional_allowed_ips)
    return [
        inner
        for inner, peer_id in behind
        if peer_id != owner.id and inner not in own and inner.prefixlen > cidr.prefixlen and contains(cidr, inner)
    ]
