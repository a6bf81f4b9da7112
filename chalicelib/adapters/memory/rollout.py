"""How far changes have got, in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.change.rollout import FEW, Expected, Mark, Rollout
from chalicelib.domain.ids import NetworkId, PeerId, Revision


class MemoryRollouts:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected], now: datetime) -> None:
        for revision, expected in concerned.items():
            self._tables.expected[network_id, revision] = expected

    def rollouts(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, Rollout]:
        found = dict(self._tables.expected).items()
        return {
            revision: self._rollout(network_id, revision, expected)
            for (known, revision), expected in found
            if known == network_id and first <= revision <= last
        }

    def concerned(self, network_id: NetworkId, revision: Revision) -> frozenset[PeerId]:
        agents = self._tables.expected[network_id, revision].agents
        return agents if len(agents) > FEW else frozenset()

    def count(self, network_id: NetworkId, marks: Collection[Mark], now: datetime) -> None:
        with self._tables.lock:
            for mark in marks:
                self._tables.marks.setdefault((network_id, mark.revision), {}).setdefault(mark.peer_id, mark)

    def _rollout(self, network_id: NetworkId, revision: Revision, expected: Expected) -> Rollout:
        few = expected.agents if len(expected.agents) <= FEW else None
        marks = self._tables.marks.get((network_id, revision), {})
        return Rollout(expected.at, len(expected.agents), few=few).with_marks(list(marks.values()))
