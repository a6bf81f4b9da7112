"""What became true of peers, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.peer.presence import Fact


class MemoryFacts:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def insert(self, *facts: Fact) -> None:
        for fact in facts:
            self._tables.facts.setdefault(fact)
