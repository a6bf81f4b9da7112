"""From a change to the agents it concerns: plan, then deliver.

Requests of a plan: nobody concerned 0; otherwise 1 query for who, 1 update an agent, 1
query of sockets (narrow: 1 an agent), 1 message for up to SOCKETS_PER_PUSH sockets.
Deliver: 1 post a socket.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.audience import Audience, audience
from chalicelib.domain.change import Change
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.ports import (
    Clock,
    Connection,
    ConnectionStore,
    Gateway,
    PeerStore,
    PresenceStore,
    Push,
    PushQueue,
    SessionStore,
)

SOCKETS_PER_PUSH = 50
SETTLING = timedelta(seconds=30)  # a post before $connect has returned is answered "gone"
RETRY_DELAY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Plans:
    """Who is concerned, and which sockets to tell."""

    peers: PeerStore
    presence: PresenceStore
    connections: ConnectionStore
    queue: PushQueue

    def plan(self, change: Change) -> None:
        """Raise `wanted` of the agents concerned, then queue hints for their sockets."""
        concerned = audience(change)
        self._tell(change.network_id, change.revision, concerned)
        if concerned.ended is not None:
            own = tuple(self.connections.of_peer(change.network_id, concerned.ended))
            self.queue.send([Push(change.network_id, change.revision, own, ended=concerned.ended)])

    def plan_for_everyone(self, network_id: NetworkId, revision: Revision) -> None:
        """For a change whose own plan failed: it concerns every agent, so that none misses it."""
        self._tell(network_id, revision, Audience(everyone=True))

    def _tell(self, network_id: NetworkId, revision: Revision, concerned: Audience) -> None:
        told = self._agents(network_id, concerned)
        if not told:
            return
        self.presence.want(told, revision)
        sockets = self._sockets(network_id, concerned, told)
        self.queue.send(Push(network_id, revision, batch) for batch in _batches(sockets))

    def _agents(self, network_id: NetworkId, concerned: Audience) -> set[PeerId]:
        told = set(concerned.peers)
        if concerned.everyone:
            told |= {peer.id for peer in self.peers.all(network_id) if peer.is_run_by_agent and peer.public_key}
        elif concerned.jumps:
            told |= {jump.id for jump in self.peers.jumps(network_id) if jump.public_key}
        return told

    def _sockets(self, network_id: NetworkId, concerned: Audience, told: set[PeerId]) -> list[Connection]:
        if concerned.everyone:
            return [known for known in self.connections.of_network(network_id) if known.peer_id in told]
        return [known for peer_id in sorted(told) for known in self.connections.of_peer(network_id, peer_id)]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Hints to sockets; what is not open yet is told again, what is gone forgotten."""

    connections: ConnectionStore
    sessions: SessionStore
    queue: PushQueue
    gateway: Gateway
    clock: Clock

    def deliver(self, push: Push) -> None:
        """Post the hint to each socket of a push."""
        open_ids = [known.connection_id for known in push.connections]
        gone = self.gateway.hint(open_ids, push.network_id, push.revision)
        if push.ended is not None:
            self._end(push.ended, open_ids)
            return
        missed = [known for known in push.connections if known.connection_id in gone]
        settling = tuple(known for known in missed if self.clock.now() - known.connected_at < SETTLING)
        if settling:
            self.queue.send([Push(push.network_id, push.revision, settling)], delay=RETRY_DELAY)
        for known in missed:
            if known not in settling:
                self.connections.remove(known.network_id, known.peer_id, known.connection_id)

    def _end(self, peer_id: PeerId, open_ids: list[ConnectionId]) -> None:
        """The hint is out: now sessions and sockets of the deleted peer end."""
        self.sessions.end_all(peer_id)
        for connection_id in open_ids:
            self.gateway.dismiss(connection_id, "peer_deleted")


def _batches(connections: list[Connection]) -> Iterable[tuple[Connection, ...]]:
    return (tuple(connections[at : at + SOCKETS_PER_PUSH]) for at in range(0, len(connections), SOCKETS_PER_PUSH))
