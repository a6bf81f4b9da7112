"""Whether jumps live, in memory."""

from datetime import datetime

from chalicelib.adapters.memory.tables import AgentFacts, MemoryTables
from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer.failover import AgentLiveness


class MemoryLiveness:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def of(self, peer_id: PeerId) -> AgentLiveness | None:
        facts = self._tables.agents.get(peer_id)
        return None if facts is None else _liveness(facts)

    def accuse(self, peer_id: PeerId, at: datetime) -> AgentLiveness | None:
        facts = self._tables.agents.get(peer_id)
        if facts is None:
            return None
        facts.accused_since = facts.accused_since or at
        return _liveness(facts)

    def note_down(self, peer_id: PeerId, at: datetime) -> None:
        facts = self._tables.agents.get(peer_id)
        if facts is not None:
            facts.fell_at = at


def is_heard_last(facts: AgentFacts, liveness: AgentLiveness) -> bool:
    """The agent said nothing since, and opened no other socket."""
    return (facts.connection_id, facts.last_seen) == (liveness.connection_id, liveness.last_seen)


def _liveness(facts: AgentFacts) -> AgentLiveness:
    return AgentLiveness(
        facts.connection_id, facts.last_seen, facts.accused_since, facts.fell_at, facts.unreachable, facts.closed_at
    )
