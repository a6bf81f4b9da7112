"""What a peer runs: bundles for agents, configs for people.

Requests: what is newer 1 more than its tunnel, or the difference (1 alone when nothing newer
concerns the agent); a whole bundle its tunnel, and 1 more when it is not what the agent should
have; a config its tunnel, and a static peer's first one its issue too.
"""

from dataclasses import dataclass

from chalicelib.application.agents.snapshots import MOST_CHANGES, Difference, Tunnels
from chalicelib.application.peers.credentials import Credentials
from chalicelib.domain.bundle.bundle import Bundle
from chalicelib.domain.bundle.snapshot import is_whole
from chalicelib.domain.change.audience import audience
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Agent, Principal
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.errors import JumpNotReady, PeerDeleted, PeerNotEnrolled, PeerNotFound
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.tunnel.tunnel import Tunnel
from chalicelib.ports.change import ChangeStore
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.progress import ProgressStore


@dataclass(frozen=True, slots=True)
class Bundles:
    tunnels: Tunnels
    credentials: Credentials
    peers: PeerStore
    progress: ProgressStore
    changes: ChangeStore

    def whole(self, agent: Agent) -> Bundle:
        """Render the agent's bundle.

        Raises:
            PeerDeleted: with what the tombstone says.
            Unauthenticated: the session is of before a new token.
        """
        try:
            return self.tunnels.of(agent.network_id, agent.peer_id, agent.admission)
        except (PeerNotFound, NetworkNotFound):
            raise self._deleted(agent) from None

    def newer(self, agent: Agent, since: Revision) -> Bundle | Difference | None:
        """What is newer than a revision; None when nothing that concerns the agent is.

        Raises:
            PeerDeleted: with what the tombstone says.
            Unauthenticated: the session is of before a new token.
        """
        progress = self.progress.of(agent)
        if progress is not None and progress.wanted <= since:
            return None
        try:
            return self.tunnels.since(agent, since) or self.whole(agent)
        except (PeerNotFound, NetworkNotFound):
            raise self._deleted(agent) from None

    def has_drifted(self, agent: Agent, had: Revision, now: Revision) -> bool:
        """Whether no change between two revisions explains that the agent's bundle differs.

        The agent says what it had: of more than MOST_CHANGES it is not known, and nothing is read.
        """
        if not 0 <= now - had <= MOST_CHANGES:
            return False
        changes = self.changes.between(agent.network_id, had, now)
        is_known = is_whole(changes, had, at_least=now)
        return is_known and not any(audience(change).concerns(agent.peer_id) for change in changes)

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

    def _deleted(self, agent: Agent) -> PeerDeleted | PeerNotFound:
        tombstone = self.peers.tombstone(agent.network_id, agent.peer_id)
        if tombstone is None:
            return PeerNotFound(agent.peer_id)
        return PeerDeleted(agent.network_id, agent.peer_id, tombstone.revision, tombstone.deleted_at)
