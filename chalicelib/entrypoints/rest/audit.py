"""`/audit`: who did what, and its export as JSON lines."""

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from chalice.app import Blueprint

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Invalid
from chalicelib.domain.identity.audit import AuditFilter, AuditPlace, AuditRecord, Details
from chalicelib.domain.identity.principal import OWNERS, READERS, Principal, Role
from chalicelib.domain.ids import NetworkId
from chalicelib.entrypoints.rest.routing.operation import Call, JsonLines, People
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.shapes.parsing import parse_cursor
from chalicelib.wire import audit as wire
from chalicelib.wire.codec import encode
from chalicelib.wire.page import Page

audit_log = Blueprint(__name__)

EXPORTERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
MOST_BYTES = 4 * 2**20  # of a page of the export: Lambda answers 6 MB, a third of it lost to base64
CURSOR = re.compile(r"[A-Za-z0-9_-]{1,200}\Z")
PLACE = re.compile(r"[0-9T:.-]{26}#[a-z0-9_-]{1,100}\Z")


@route(audit_log, "GET", "/audit", People(READERS, own=OWNERS), query=wire.AuditQuery)
def page(call: Call[Principal, None]) -> Page[wire.AuditRecord]:
    """Who did what, the newest first. A page may be short, or empty, and not be the last."""
    asked: wire.AuditQuery = call.query
    found = container().audit_log.page(_wanted(asked), asked.limit, _place(asked.cursor), by=call.by)
    return Page(items=[_shown(record) for record in found.records], next_cursor=_cursor(found.next))


@route(audit_log, "GET", "/audit/export", People(EXPORTERS), query=wire.AuditExportQuery)
def export(call: Call[Principal, None]) -> JsonLines:
    """The same records, one a line. The header `Link` says where the next page is; without it, this was the last."""
    asked: wire.AuditExportQuery = call.query
    found = container().audit_log.page(_wanted(asked), asked.limit, _place(asked.cursor), by=call.by)
    lines, left = _lines(found.records)
    following = found.next if left is None else left.place
    return JsonLines(lines, None if following is None else _address(asked, following))


def _lines(records: Iterable[AuditRecord]) -> tuple[bytes, AuditRecord | None]:
    """As many as one answer holds, and the first that is left."""
    lines, size = list[bytes](), 0
    for record in records:
        line = encode(_shown(record)) + b"\n"
        size += len(line)
        if size > MOST_BYTES and lines:
            return b"".join(lines), record
        lines.append(line)
    return b"".join(lines), None


def _address(asked: wire.AuditExportQuery, following: AuditPlace) -> str:
    """Of the next page of an export, at the one origin."""
    said = {name: value for name, value in msgspec.to_builtins(asked).items() if value is not None}
    return f"/api/v1/audit/export?{urlencode({**said, 'cursor': _cursor(following)})}"


def _wanted(asked: wire.AuditQuery | wire.AuditExportQuery) -> AuditFilter:
    return AuditFilter(
        network_id=None if asked.network_id is None else NetworkId(asked.network_id),
        actor_id=asked.actor,
        action=asked.action,
        target_id=asked.target,
        since=asked.since,
        until=asked.until,
    )


def _cursor(place: AuditPlace | None) -> str | None:
    """A place as text that needs no quoting in a URL."""
    return None if place is None else base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(cursor: str | None) -> AuditPlace | None:
    known = parse_cursor(cursor, CURSOR)
    if known is None:
        return None
    try:
        text = base64.urlsafe_b64decode(known + "=" * (-len(known) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not PLACE.match(text):
        raise Invalid([("cursor", "This is no cursor of this list. Use the next_cursor of the page before.")])
    return AuditPlace(text)


def _shown(record: AuditRecord) -> wire.AuditRecord:
    return wire.AuditRecord(
        id=record.id,
        at=record.at,
        actor=wire.Actor(kind=record.actor.kind.value, id=record.actor.id, name=record.actor.name),
        source=record.source,
        action=record.action,
        target=wire.Target(kind=record.target.kind.value, id=record.target.id, name=record.target.name),
        network_id=record.network_id,
        before=_details(record.before),
        after=_details(record.after),
        outcome=record.outcome.value,
        request_id=record.request_id,
    )


def _details(details: Details | None) -> dict[str, object] | None:
    return None if details is None else dict(details)
