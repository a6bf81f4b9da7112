"""The audit log, as people may read it.

Who sees every network reads all of it; who was granted some networks, what was done in these; a member, what they did
themselves. Nothing tells a reader that there is more: neither a record nor the place where a page ends.

Requests: 1 a page; of a reader who was granted some networks 1 for each of them.
"""

from dataclasses import dataclass, replace

from chalicelib.domain.identity.audit import AuditFilter, AuditPage, AuditPlace, AuditRecord
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.ports.audit import AuditStore


@dataclass(frozen=True, slots=True)
class AuditLog:
    store: AuditStore

    def page(self, wanted: AuditFilter, limit: int, start: AuditPlace | None, by: Principal) -> AuditPage:
        """The wanted records among the next `limit` that the reader may see, the newest first; see AuditStore."""
        parts = [self.store.page(part, limit, start) for part in _looked_up(wanted, by)]
        page = _merged(parts, limit)
        shown = (record for record in page.records if wanted.matches(record) and _is_seen(record, by))
        return AuditPage(tuple(shown), page.next)


def _looked_up(wanted: AuditFilter, by: Principal) -> tuple[AuditFilter, ...]:
    """What to ask the store for, so that it passes no record by which the reader may not know of."""
    within = AuditFilter(since=wanted.since, until=wanted.until)
    if by.role is Role.MEMBER:
        return (replace(within, actor_id=by.id),) if wanted.actor_id in (None, by.id) else ()
    if by.networks is None:
        return (wanted,)
    if wanted.network_id is None:
        return tuple(replace(within, network_id=network_id) for network_id in sorted(by.networks))
    return (replace(within, network_id=wanted.network_id),) if by.sees(wanted.network_id) else ()


def _merged(parts: list[AuditPage], limit: int) -> AuditPage:
    """The newest of several lists. Where one of them goes on, nothing older than that place is known to be whole."""
    if len(parts) == 1:
        return parts[0]
    rest = max((part.next for part in parts if part.next is not None), default=None)
    known = (record for part in parts for record in part.records if rest is None or record.place > rest)
    found = sorted(known, key=lambda record: record.place, reverse=True)
    return AuditPage(tuple(found[:limit]), found[limit].place if len(found) > limit else rest)


def _is_seen(record: AuditRecord, by: Principal) -> bool:
    """Whether the reader may see it: of a network that they see; of none, who sees all, or who did it as a member."""
    if record.network_id is not None:
        return by.sees(record.network_id)
    return by.networks is None or by.role is Role.MEMBER
