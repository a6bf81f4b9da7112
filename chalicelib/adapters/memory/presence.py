"""Agents' last words, in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.adapters.memory.tables import AgentFacts, MemoryTables
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, PeerId, Revision
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import OwnHandshakes, Presence, Progress

AGENTS = ("dyn_", "jmp_")


class MemoryPresence:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def of(self, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Presence]:
        found = ((peer_id, self._tables.agents.get(peer_id)) for peer_id in peer_ids)
        return {peer_id: _presence(facts) for peer_id, facts in found if facts is not None}

    def note_connected(
        self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime
    ) -> Progress | None:
        facts = said(self._tables, agent)
        if facts is None or instance_id in facts.rejected:
            return None
        heard = facts.last_seen
        facts.connection_id, facts.instance_id, facts.last_seen = connection_id, instance_id, at
        facts.accused_since = None
        return replace(progress_value(facts), heard_before=heard, closed_at=facts.closed_at)

    def note_disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> Progress | None:
        facts = self._tables.agents.get(peer_id)
        if facts is None or facts.connection_id not in (None, connection_id):
            return None
        facts.connection_id, facts.closed_at = None, at
        return progress_value(facts)

    def note_heartbeat(
        self,
        agent: Agent,
        instance_id: str,
        seq: int,
        host: Host | None,
        at: datetime,
        own: OwnHandshakes | None = None,
        unreachable: Collection[PeerId] = (),
    ) -> Progress | None:
        facts = said(self._tables, agent)
        if facts is None or instance_id in facts.rejected:
            return None
        facts.instance_id, facts.last_seen, facts.host = instance_id, at, host or facts.host
        facts.own_handshakes = own or facts.own_handshakes
        facts.accused_since, facts.unreachable = None, frozenset(unreachable)
        return progress_value(facts)

    def note_sign_of_life(self, agent: Agent, at: datetime) -> None:
        facts = said(self._tables, agent)
        if facts is not None:
            facts.last_seen, facts.accused_since = at, None


def said(tables: MemoryTables, agent: Agent) -> AgentFacts | None:
    """The agent's facts, if what it says counts."""
    facts = tables.agents.get(agent.peer_id)
    return None if facts is None or facts.admission != agent.admission else facts


def progress_value(facts: AgentFacts) -> Progress:
    applied = Revision(0) if facts.applied is None else facts.applied.revision
    return Progress(facts.wanted, applied, facts.is_blocked, facts.is_ephemeral)


def _presence(facts: AgentFacts) -> Presence:
    return Presence(
        facts.wanted,
        facts.connection_id is not None,
        facts.last_seen,
        facts.host,
        facts.instance_id,
        facts.applied,
        facts.own_handshakes,
    )
