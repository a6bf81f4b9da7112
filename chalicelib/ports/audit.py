"""The store of the audit log."""

from typing import Protocol

from chalicelib.domain.identity.audit import AuditFilter, AuditPage, AuditPlace


class AuditStore(Protocol):
    """The audit log. Only commits write it, and nothing changes it.

    Unlike other reads, those by network, actor, action or target may miss records of the last second.
    """

    def page(self, wanted: AuditFilter, limit: int, start: AuditPlace | None = None) -> AuditPage:
        """The wanted records among the next `limit`, the newest first, from a place on; None: from the newest on.

        A page costs the same whatever is wanted: it takes `limit` records by one part of the filter, and leaves
        out those that do not match the rest. So it may be short or empty and not be the last.
        """
        ...
