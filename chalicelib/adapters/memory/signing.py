"""Signing keys, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.bundle.signing import SigningKeys


class MemorySigningKeys:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self) -> SigningKeys | None:
        return self._tables.signing

    def put(self, keys: SigningKeys) -> bool:
        with self._tables.lock:
            known = self._tables.signing
            if keys == known:
                return True
            if keys.number != (1 if known is None else known.number + 1):
                return False
            self._tables.signing = keys
        return True
