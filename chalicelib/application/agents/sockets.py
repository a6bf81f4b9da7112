"""Sockets of agents: authorize, open, greet, close.

Requests: authorize 1, open 2 (3 when it is refused), greet 2 (and 1 message for a jump or an ephemeral
peer; refused 2), close 3 (2 when a newer socket is open; and 1 message for an ephemeral peer).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.tokens import parse_token
from chalicelib.domain.ids import ConnectionId, PeerId, Revision, is_jump
from chalicelib.domain.peer.absence import GONE_AFTER, LOOK_EVERY, AbsenceCheck
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.failover import SilenceCheck, look_every
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.peer.presence import Fact, FactKind, is_return
from chalicelib.ports.facts import FactStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.queues import FailoverQueue
from chalicelib.ports.sessions import AgentSession, SessionStore
from chalicelib.ports.sockets import Connection, ConnectionStore

ENDED = "The session has ended. Open a new one."


@dataclass(frozen=True, slots=True)
class Connections:
    """`return_after`: see Failover."""

    return_after: timedelta
    sessions: SessionStore
    connections: ConnectionStore
    presence: PresenceStore
    facts: FactStore
    failover_tasks: Callable[[], FailoverQueue]
    clock: Clock

    def authorize(self, session: str) -> tuple[str, AgentSession]:
        """Check an agent's session token; answers the session's id as well.

        Raises:
            Unauthenticated: not a session, or unknown, ended, expired.
        """
        token = parse_token(session, "wirety_agent")
        peer_id, _, session_id = token.record.partition(":")
        found = self.sessions.get(PeerId(peer_id), session_id)
        if found is None or not token.proves(found.secret) or self.clock.now() >= found.expires_at:
            raise Unauthenticated(ENDED)
        return session_id, found

    def open(self, agent: Agent, session_id: str, connection_id: ConnectionId, expires_at: datetime) -> None:
        """Store a socket that was authorized.

        Who ends sessions looks for sockets after that: either it finds this one, or this finds its session ended.

        Raises:
            Unauthenticated: the session ended meanwhile.
        """
        row = _row(agent, connection_id, self.clock.now(), expires_at)
        self.connections.add([row])
        if self.sessions.get(agent.peer_id, session_id) is None:
            self.connections.remove(row)
            raise Unauthenticated(ENDED)

    def greet(self, agent: Agent, connection_id: ConnectionId, instance_id: str, expires_at: datetime) -> Revision:
        """Answer an agent's hello: the newest revision that concerns it.

        The socket is stored before this reads, and a plan raises `wanted` before it looks
        for sockets: a change is either pushed or seen here.

        Args:
            expires_at: when the socket's session ends.

        Raises:
            PeerNotFound: the agent is gone.
            Unauthenticated: its session ended with the peer's token.
        """
        now = self.clock.now()
        progress = self.presence.note_connected(agent, connection_id, instance_id, now)
        if progress is None:
            raise refusal(self.presence, agent)
        kind = Kind.JUMP if is_jump(agent.peer_id) else Kind.DYNAMIC
        is_back = is_return(kind, progress, now)
        self.facts.insert(Fact(agent.network_id, agent.peer_id, FactKind.CONNECTED, now, is_return=is_back))
        if progress.is_ephemeral:
            check = AbsenceCheck(agent.network_id, agent.peer_id, connection_id, now)
            self.failover_tasks().put(check, LOOK_EVERY)
        if is_jump(agent.peer_id):
            silence_check = SilenceCheck(
                agent.network_id, agent.peer_id, connection_id, serving_since=now, until=expires_at
            )
            self.failover_tasks().put(silence_check, look_every(self.return_after))
        return progress.wanted

    def close(self, agent: Agent, connection_id: ConnectionId) -> None:
        now = self.clock.now()
        self.connections.remove(_row(agent, connection_id, now, now))
        progress = self.presence.note_disconnected(agent.peer_id, connection_id, now)
        if progress is not None and progress.is_ephemeral:
            self.failover_tasks().put(AbsenceCheck(agent.network_id, agent.peer_id, connection_id, now), GONE_AFTER)
        if progress is not None:
            self.facts.insert(Fact(agent.network_id, agent.peer_id, FactKind.DISCONNECTED, now))


def refusal(presence: PresenceStore, agent: Agent) -> PeerNotFound | Unauthenticated:
    """Why what an agent says does not count: its peer is gone, or another token was issued for it. 1 read."""
    return Unauthenticated(ENDED) if presence.of([agent.peer_id]) else PeerNotFound(agent.peer_id)


def _row(agent: Agent, connection_id: ConnectionId, connected_at: datetime, expires_at: datetime) -> Connection:
    return Connection(agent.network_id, agent.peer_id, connection_id, connected_at, expires_at)
