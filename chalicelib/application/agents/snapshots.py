"""Reading what a tunnel needs, as of one revision, and what changed of it since another.

Requests: a regular peer 4, and 1 or 2 when CIDRs stand behind regular peers; a jump 3 and one
query of the peers, 1 more with an ACL. When the network moved meanwhile, 1 query of its
changes. The difference since a revision: 4, with an ACL a jump's 5; when CIDRs behind peers
matter, 1 or 2 more for a regular peer, 2 or 3 for a jump; with a change that is about all no more
for a regular peer, for a jump its bundle's. Opening the network's secret is 1
request to KMS a process.
"""

from dataclasses import dataclass

from chalicelib.application.agents.sockets import ENDED
from chalicelib.domain.bundle.bundle import Bundle, bundle_of
from chalicelib.domain.bundle.snapshot import Snapshot, caught_up, is_whole, reroutes, snapshots
from chalicelib.domain.errors import Busy, Unauthenticated
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.psk import PresharedKeys, preshared_keys
from chalicelib.ports.change import ChangeStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Vault
from chalicelib.ports.peer import PeerStore

READINGS = 3
MOST_CHANGES = 200  # of which a difference is told; beyond, the whole bundle is no more to read


@dataclass(frozen=True, slots=True)
class Difference:
    """Two bundles of one agent, of which only what differs is to be told. A jump's name the jumps and
    the changed peers alone, with what these add to the rest."""

    before: Bundle
    after: Bundle


@dataclass(frozen=True, slots=True)
class Tunnels:
    networks: NetworkStore
    peers: PeerStore
    changes: ChangeStore
    vault: Vault

    def of(self, network_id: NetworkId, peer_id: PeerId, admission: str | None = None) -> Bundle:
        """Render a peer's configuration.

        Args:
            admission: of the agent that asks; None: a person does.

        Raises:
            NetworkNotFound, PeerNotFound.
            Unauthenticated: the agent's session is of before a new token.
            Busy: no READINGS readings gave one revision's picture; a torn config never comes out.
        """
        for _ in range(READINGS):
            snapshot = self._read(network_id, peer_id, admission)
            if snapshot is not None:
                return bundle_of(snapshot, self._psk(snapshot.network))
        raise Busy

    def since(self, agent: Agent, since: Revision) -> Difference | Bundle | None:
        """What changed for an agent since a revision; all of it when a change is about all, and what it takes was
        read for the difference. None: it takes another reading.

        Raises:
            NetworkNotFound, PeerNotFound.
            Unauthenticated: the agent's session is of before a new token.
        """
        network_id = agent.network_id
        network = self.networks.get(network_id)
        if not 0 <= network.revision - since <= MOST_CHANGES:
            return None
        own = self._own(network_id, agent.peer_id, agent.admission)
        known = [own, *self.peers.jumps(network_id)]
        if not own.is_jump and network.routers:
            known += self.peers.routers(network_id)
        acl = self._acl(network, own)
        changes = self.changes.between(network_id, since)
        if own.is_jump and reroutes(changes):
            known += self.peers.routers(network_id)
            changes += self.changes.between(network_id, changes[-1].revision)
        if not is_whole(changes, since, at_least=network.revision):
            return None
        drawn = snapshots(network, own.id, {peer.id: peer for peer in known}, acl, changes, since)
        psk = self._psk(network)
        if drawn is not None:
            return Difference(bundle_of(drawn[0], psk), bundle_of(drawn[1], psk))
        is_still = not changes or changes[-1].revision == network.revision
        if own.is_jump or not is_still:  # it knows but some peers, or they are of several revisions
            return None
        others = {peer.id: peer for peer in known}
        return bundle_of(Snapshot(network, own, tuple(others.values()), acl), psk)

    def _own(self, network_id: NetworkId, peer_id: PeerId, admission: str | None) -> Peer:
        record = self.peers.get(network_id, peer_id)
        if admission is not None and not record.admits(admission):
            raise Unauthenticated(ENDED)
        return record.peer

    def _read(self, network_id: NetworkId, peer_id: PeerId, admission: str | None) -> Snapshot | None:
        """Read everything between two looks at the revision, then apply what changed in between.

        None: the change log does not lead from one to the other, or the ACL moved on again.
        """
        before = self.networks.get(network_id)
        own = self._own(network_id, peer_id, admission)
        others = self._others(before, own)
        acl = self._acl(before, own)
        after = self.networks.get(network_id)
        if after.revision == before.revision:
            return Snapshot(after, own, others, acl)
        changes = self.changes.between(network_id, before.revision, after.revision)
        if not is_whole(changes, before.revision, at_least=after.revision):
            return None
        if after.acl_version != before.acl_version:
            acl = self._acl(after, own)
        if acl.version not in (0, after.acl_version):
            return None
        known = caught_up({own.id: own, **{peer.id: peer for peer in others}}, changes)
        if own.id not in known:
            raise PeerNotFound(peer_id)
        return Snapshot(after, known[own.id], tuple(known.values()), acl)

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

    def _psk(self, network: Network) -> PresharedKeys:
        return preshared_keys(self.vault.open(network.id, network.secret))
