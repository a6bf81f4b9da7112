"""Everything one agent needs to run, as of one revision of its network."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.bundle.snapshot import Snapshot
from chalicelib.domain.cidr import Address
from chalicelib.domain.ids import Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.firewall import Firewall, firewall
from chalicelib.domain.tunnel.psk import PresharedKeys
from chalicelib.domain.tunnel.sections import Tunnel, addresses, jump_tunnel, regular_tunnel


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A peer's label in the network's domain."""

    label: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """`records`, `firewall`: for jumps, which serve the network's names and enforce its policy; empty and
    None for regular peers."""

    network: Network
    peer: Peer
    tunnel: Tunnel
    records: tuple[DnsRecord, ...]
    firewall: Firewall | None

    @property
    def revision(self) -> Revision:
        return self.network.revision

    @property
    def resolvers(self) -> tuple[str, ...]:
        """The peer's own, else the network's; with full encapsulation the home jump."""
        if self.peer.full_encapsulation:
            return self.tunnel.dns
        return self.network.dns if self.peer.dns is None else self.peer.dns


def bundle_of(snapshot: Snapshot, psk: PresharedKeys) -> Bundle:
    network, peer, others = snapshot.network, snapshot.peer, snapshot.others
    if peer.is_jump:
        records = () if peer.is_blocked else _records(network, others)
        policy = firewall(network, peer, others, snapshot.acl.rules)
        return Bundle(network, peer, jump_tunnel(network, peer, others, psk), records, policy)
    jumps = [other for other in others if other.is_jump]
    routers = [other for other in others if other.is_router]
    return Bundle(network, peer, regular_tunnel(network, peer, jumps, routers, psk), (), None)


def _records(network: Network, peers: Iterable[Peer]) -> tuple[DnsRecord, ...]:
    named = [(peer.label, peer) for peer in peers if peer.is_listed]
    named.sort(key=lambda one: one[0])
    return tuple(DnsRecord(label, addresses(network, peer)) for label, peer in named)
