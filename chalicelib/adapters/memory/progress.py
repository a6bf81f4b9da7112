"""How far agents are, in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.adapters.memory.presence import progress_value, said
from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.peer.presence import Applied, Progress


class MemoryProgress:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def of(self, agent: Agent) -> Progress | None:
        facts = self._tables.agents.get(agent.peer_id)
        return None if facts is None or facts.admission != agent.admission else progress_value(facts)

    def applied_revision(self, peer_id: PeerId) -> Revision:
        facts = self._tables.agents.get(peer_id)
        return Revision(0) if facts is None else progress_value(facts).applied

    def raise_wanted(self, revisions: Mapping[PeerId, Revision]) -> None:
        for peer_id, revision in revisions.items():
            with self._tables.lock:
                facts = self._tables.agents.get(peer_id)
                if facts is not None and facts.wanted < revision:
                    facts.wanted = revision

    def note_applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
        facts = said(self._tables, agent)
        if facts is None or progress_value(facts).applied > revision:
            return None
        if facts.applied is None or (facts.applied.revision, facts.applied.at) != (revision, at):
            facts.applied_after = progress_value(facts).applied
        facts.applied = Applied(revision, bundle_hash, at, None)
        return facts.applied_after

    def note_failure(self, agent: Agent, error: str, at: datetime) -> bool:
        facts = said(self._tables, agent)
        if facts is None:
            return False
        facts.applied = replace(facts.applied or Applied(Revision(0), "", at, None), error=error)
        return True
