"""Reading what a tunnel needs, as of one revision.

Requests: a regular peer 4, and 1 or 2 when CIDRs stand behind regular peers; a jump 3 and one
query of the peers, 1 more with an ACL. When the network moved meanwhile, 1 query of its
changes. Opening the network's secret is 1 request to KMS a process.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.acl import Acl
from chalicelib.domain.bundle import Bundle, DnsRecord
from chalicelib.domain.change import Change
from chalicelib.domain.errors import Busy, PeerNotFound
from chalicelib.domain.firewall import firewall
from chalicelib.domain.ids import NetworkId, PeerId, is_jump
from chalicelib.domain.network import Network
from chalicelib.domain.peer import Peer
from chalicelib.domain.psk import preshared_keys
from chalicelib.domain.tunnel import addresses, jump_tunnel, regular_tunnel
from chalicelib.ports import ChangeStore, NetworkStore, PeerStore, Vault

READINGS = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A peer and those who stand in its configuration, all of one revision."""

    network: Network
    peer: Peer
    others: tuple[Peer, ...]
    acl: Acl


@dataclass(frozen=True, slots=True)
class Tunnels:
    networks: NetworkStore
    peers: PeerStore
    changes: ChangeStore
    vault: Vault

    def of(self, network_id: NetworkId, peer_id: PeerId) -> Bundle:
        """Render a peer's configuration.

        Raises:
            NetworkNotFound, PeerNotFound.
            Busy: no READINGS readings gave one revision's picture; a torn config never comes out.
        """
        for _ in range(READINGS):
            picture = self._read(network_id, peer_id)
            if picture is not None:
                return self._rendered(picture)
        raise Busy

    def _read(self, network_id: NetworkId, peer_id: PeerId) -> Picture | None:
        """Read everything between two looks at the revision, then apply what changed in between.

        None: the change log does not lead from one to the other, or the ACL moved on again.
        """
        before = self.networks.get(network_id)
        own = self.peers.get(network_id, peer_id).peer
        others = self._others(before, own)
        acl = self._acl(before, own)
        after = self.networks.get(network_id)
        if after.revision == before.revision:
            return Picture(after, own, others, acl)
        changes = self.changes.between(network_id, before.revision, after.revision)
        if len(changes) != after.revision - before.revision:
            return None
        if after.acl_version != before.acl_version:
            acl = self._acl(after, own)
        if acl.version not in (0, after.acl_version):
            return None
        known = _caught_up({own.id: own, **{peer.id: peer for peer in others}}, changes)
        if own.id not in known:
            raise PeerNotFound(peer_id)
        return Picture(after, known[own.id], tuple(known.values()), acl)

    def _others(self, network: Network, peer: Peer) -> tuple[Peer, ...]:
        if peer.is_jump:
            return tuple(self.peers.all(network.id))
        routers = self.peers.routers(network.id) if network.routers else []
        return (*self.peers.jumps(network.id), *routers)

    def _acl(self, network: Network, peer: Peer) -> Acl:
        """Only jumps enforce it."""
        if not peer.is_jump or network.acl_version == 0:
            return Acl(network.id, 0, ())
        return self.networks.acl(network.id)

    def _rendered(self, picture: Picture) -> Bundle:
        network, peer, others = picture.network, picture.peer, picture.others
        psk = preshared_keys(self.vault.open(network.id, network.secret))
        if peer.is_jump:
            records = () if peer.is_blocked else _records(network, others)
            policy = firewall(network, peer, others, picture.acl.rules)
            return Bundle(network, peer, jump_tunnel(network, peer, others, psk), records, policy)
        jumps = [other for other in others if is_jump(other.id)]
        routers = [other for other in others if other.is_router]
        return Bundle(network, peer, regular_tunnel(network, peer, jumps, routers, psk), (), None)


def _caught_up(known: dict[PeerId, Peer], changes: Iterable[Change]) -> dict[PeerId, Peer]:
    """Peers as the changes left them, whichever of the two each was read as."""
    for change in changes:
        for one in change.peers:
            known.pop(one.peer.id, None)
            if one.after is not None:
                known[one.after.id] = one.after
    return known


def _records(network: Network, peers: Iterable[Peer]) -> tuple[DnsRecord, ...]:
    named = sorted((peer for peer in peers if peer.is_listed), key=lambda peer: peer.label)
    return tuple(DnsRecord(peer.label, addresses(network, peer)) for peer in named)
