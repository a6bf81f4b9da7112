"""Requests that may come again, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.change.replay import Replayable


class MemoryRequests:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def begin(self, attempt: Replayable) -> Replayable | None:
        with self._tables.lock:
            stored = self._tables.replayable.setdefault((attempt.principal, attempt.key), attempt)
        if stored.attempt == attempt.attempt:
            return None
        return stored

    def take_over(self, stored: Replayable, attempt: Replayable) -> bool:
        with self._tables.lock:
            if not (self._stands(stored) or self._stands(attempt)):
                return False
            self._tables.replayable[attempt.principal, attempt.key] = attempt
        return True

    def forget(self, attempt: Replayable) -> None:
        with self._tables.lock:
            if self._stands(attempt):
                del self._tables.replayable[attempt.principal, attempt.key]

    def _stands(self, request: Replayable) -> bool:
        now = self._tables.replayable.get((request.principal, request.key))
        return now is not None and (now.attempt, now.is_done) == (request.attempt, request.is_done)
