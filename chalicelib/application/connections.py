"""Sockets of agents: authorize, open, greet, close.

Requests: authorize 1, open 1, greet 1, close 2.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import PeerNotFound, Unauthenticated
from chalicelib.domain.ids import ConnectionId, PeerId, Revision
from chalicelib.domain.principal import Agent
from chalicelib.domain.tokens import parse_token
from chalicelib.ports import AgentSession, Clock, Connection, ConnectionStore, PresenceStore, SessionStore


@dataclass(frozen=True, slots=True)
class Connections:
    sessions: SessionStore
    connections: ConnectionStore
    presence: PresenceStore
    clock: Clock

    def authorize(self, session: str) -> AgentSession:
        """Check an agent's session token.

        Raises:
            Unauthenticated: not a session, or unknown, ended, expired.
        """
        token = parse_token(session, "wirety_agent")
        peer_id, _, session_id = token.record.partition(":")
        found = self.sessions.get(PeerId(peer_id), session_id)
        if found is None or not token.proves(found.secret) or self.clock.now() >= found.expires_at:
            raise Unauthenticated("The session has ended. Open a new one.")
        return found

    def open(self, agent: Agent, connection_id: ConnectionId, expires_at: datetime) -> None:
        opened = Connection(agent.network_id, agent.peer_id, connection_id, self.clock.now(), expires_at)
        self.connections.add(opened)

    def greet(self, agent: Agent, connection_id: ConnectionId, instance_id: str) -> Revision:
        """Answer an agent's hello: the newest revision that concerns it.

        The socket is stored before this reads, and a plan raises `wanted` before it looks
        for sockets: a change is either pushed or seen here.
        """
        wanted = self.presence.connected(agent.peer_id, connection_id, instance_id, self.clock.now())
        if wanted is None:
            raise PeerNotFound(agent.peer_id)
        return wanted

    def close(self, agent: Agent, connection_id: ConnectionId) -> None:
        self.connections.remove(agent.network_id, agent.peer_id, connection_id)
        self.presence.disconnected(agent.peer_id, connection_id)
