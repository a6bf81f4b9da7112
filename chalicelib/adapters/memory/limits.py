"""What was counted, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.limits import Counted


class MemoryLimits:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def count(self, counted: Counted, most: int) -> bool:
        with self._tables.lock:
            calls = self._tables.counted.get(counted, 0)
            if calls >= most:
                return False
            self._tables.counted[counted] = calls + 1
            return True
