"""From a change to the agents it concerns: plan, then deliver.

Requests of a plan: nobody concerned 0; otherwise 1 query for who, 1 update an agent, 1
query of sockets (narrow: 1 an agent), 1 message for up to SOCKETS_PER_PUSH sockets.
Deliver: 1 post a socket.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.audience import Audience, audience
from chalicelib.domain.change import Change
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.ports import Clock, Connection, ConnectionStore, Gateway, PeerStore, PresenceStore, Push, PushQueue, SessionStore

SOCKETS_PER_PUSH = 50
SETTLING = timedelta(seconds=30)  # a post before $connect has returned is answered "gone"
RETRY_DELAY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Pushes:
    peers: PeerStore
    presence: PresenceStore
    connections: ConnectionStore
    sessions: SessionStore
    queue: PushQueue
    gateway: Gateway
    clock: Clock
    hint: Callable[[NetworkId, Revision], object]
    bye: Callable[[], object]

    def plan(self, change: Change) -> None:
        """Raise `wanted` of the agents concerned, then queue hints for their sockets."""
        concerned = audience(change)
        if concerned.is_empty:
            return
        told = self._agents(change.network_id, concerned)
        self.presence.want(told, change.revision)
        self.queue.send(
            Push(change.network_id, change.revision, batch) for batch in _batches(self._sockets(change.network_id, concerned, told))
        )
        if concerned.ended is not None:
            own = tuple(self.connections.of_peer(change.network_id, concerned.ended))
            self.queue.send([Push(change.network_id, change.revision, own, ended=concerned.ended)])

    def deliver(self, push: Push) -> None:
        """Post the hint to each socket; those that are not open yet are tried again, those that are gone forgotten."""
        gone = self.gateway.post([known.connection_id for known in push.connections], self.hint(push.network_id, push.revision))
        if push.ended is not None:
            self._end(push.ended, [known.connection_id for known in push.connections if known.connection_id not in gone])
            return
        missed = [known for known in push.connections if known.connection_id in gone]
        settling = tuple(known for known in missed if self.clock.now() - known.connected_at < SETTLING)
        if settling:
            self.queue.send([Push(push.network_id, push.revision, settling)], delay=RETRY_DELAY)
        for known in missed:
            if known not in settling:
                self.connections.remove(known.network_id, known.peer_id, known.connection_id)

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

    def _end(self, peer_id: PeerId, open_ids: list[ConnectionId]) -> None:
        """The hint is out: now sessions and sockets of the deleted peer end."""
        self.sessions.end_all(peer_id)
        self.gateway.post(open_ids, self.bye())
        for connection_id in open_ids:
            self.gateway.close(connection_id)


def _batches(connections: list[Connection]) -> Iterable[tuple[Connection, ...]]:
    return (tuple(connections[at : at + SOCKETS_PER_PUSH]) for at in range(0, len(connections), SOCKETS_PER_PUSH))
