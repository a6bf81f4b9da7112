"""Sessions and tickets, in memory."""

from dataclasses import replace
from datetime import datetime

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PeerId, PrincipalId
from chalicelib.ports.identity import Assertion
from chalicelib.ports.sessions import AgentSession, Ticket
from chalicelib.ports.transactions import CommitConflict


class MemorySessions:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def open(
        self, session_id: str, session: AgentSession, assertion: Assertion, device_key: str, now: datetime
    ) -> bool:
        agent, used = session.agent, (session.agent.peer_id, assertion.id)
        with self._tables.lock:
            if used in self._tables.assertions:
                return False
            record = self._tables.peers.get((agent.network_id, agent.peer_id))
            if record is None or record.device_key != device_key or record.is_refused(now):
                raise CommitConflict
            self._tables.assertions.add(used)
        self._tables.sessions[session.agent.peer_id, session_id] = session
        return True

    def get(self, peer_id: PeerId, session_id: str) -> AgentSession | None:
        return self._tables.sessions.get((peer_id, session_id))

    def refuse(self, agent: Agent, session_id: str, until: datetime) -> None:
        key = (agent.network_id, agent.peer_id)
        with self._tables.lock:
            self._tables.sessions.pop((agent.peer_id, session_id), None)
            if (record := self._tables.peers.get(key)) is not None:
                self._tables.peers[key] = replace(record, refused_until=until)

    def end_all(self, peer_id: PeerId) -> None:
        for key in [key for key in self._tables.sessions if key[0] == peer_id]:
            del self._tables.sessions[key]

    def put_ticket(self, ticket_id: str, ticket: Ticket) -> None:
        self._tables.tickets[ticket.viewer.id, ticket_id] = ticket

    def take_ticket(self, principal_id: PrincipalId, ticket_id: str) -> Ticket | None:
        return self._tables.tickets.pop((principal_id, ticket_id), None)
