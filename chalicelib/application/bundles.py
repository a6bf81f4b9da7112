"""What a peer runs: bundles for agents, configs for people, and the proof that one was applied.

Requests: a bundle 1 more than its tunnel (1 alone when nothing newer concerns the agent); a
config its tunnel, and a static peer's first one its issue too; applied 2.
"""

from dataclasses import dataclass

from chalicelib.application.credentials import Credentials
from chalicelib.application.tunnels import Tunnels
from chalicelib.domain.bundle import Bundle
from chalicelib.domain.errors import JumpNotReady, NetworkNotFound, PeerDeleted, PeerNotEnrolled, PeerNotFound
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer import Kind
from chalicelib.domain.presence import Fact, FactKind
from chalicelib.domain.principal import Agent, Principal
from chalicelib.domain.tunnel import Tunnel
from chalicelib.ports import Clock, PeerStore, PresenceStore


@dataclass(frozen=True, slots=True)
class Bundles:
    tunnels: Tunnels
    credentials: Credentials
    peers: PeerStore
    presence: PresenceStore
    clock: Clock

    def fetch(self, agent: Agent, since: Revision | None) -> Bundle | None:
        """Render the agent's bundle; None when nothing newer than `since` concerns it.

        Raises:
            PeerDeleted: with what the tombstone says.
        """
        wanted = self.presence.wanted(agent.peer_id)
        if wanted is not None and since is not None and wanted <= since:
            return None
        try:
            return self.tunnels.of(agent.network_id, agent.peer_id)
        except (PeerNotFound, NetworkNotFound):
            raise self._deleted(agent) from None

    def config(self, network_id: NetworkId, peer_id: PeerId, by: Principal) -> Tunnel:
        """Render any peer's configuration for a person. A static peer's first one counts as issued.

        Raises:
            PeerNotEnrolled, JumpNotReady: there is nothing to write into a file yet.
        """
        by.require_sight(network_id)
        bundle = self.tunnels.of(network_id, peer_id)
        peer = bundle.peer
        if peer.public_key is None:
            raise PeerNotEnrolled
        if not peer.is_jump and not peer.is_blocked and not bundle.tunnel.sections:
            raise JumpNotReady
        if peer.kind is Kind.STATIC and peer.issued is None and not peer.is_blocked:
            return self.credentials.issue_first(network_id, peer_id, by)
        return bundle.tunnel

    def applied(self, agent: Agent, revision: Revision, bundle_hash: str, error: str | None) -> None:
        """Store an agent's report; `error` None: the bundle is in force."""
        now = self.clock.now()
        if self.presence.applied(agent.peer_id, revision, bundle_hash, error, now):
            self.presence.record(Fact(agent.network_id, agent.peer_id, FactKind.APPLIED, now))

    def _deleted(self, agent: Agent) -> PeerDeleted | PeerNotFound:
        tombstone = self.peers.tombstone(agent.network_id, agent.peer_id)
        if tombstone is None:
            return PeerNotFound(agent.peer_id)
        return PeerDeleted(agent.network_id, agent.peer_id, tombstone.revision, tombstone.deleted_at)
