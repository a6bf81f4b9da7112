"""The audit log, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.audit import AuditFilter, AuditPage, AuditPlace


class MemoryAudit:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def page(self, wanted: AuditFilter, limit: int, start: AuditPlace | None = None) -> AuditPage:
        found = [
            record
            for place, record in sorted(self._tables.audit.items(), reverse=True)
            if wanted.matches(record) and (start is None or place <= start)
        ]
        return AuditPage(tuple(found[:limit]), found[limit].place if len(found) > limit else None)
