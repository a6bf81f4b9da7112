"""The audit log, `/api/v1/audit`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from chalicelib.wire.codec import Answer, Request

Sought = Annotated[str, Meta(min_length=1, max_length=200)]
"""An id, or the name of an action."""
Moment = Annotated[datetime, Meta(tz=True)]


class Actor(Answer, frozen=True):
    kind: Literal["user", "api_token", "agent", "join_key", "deployment", "anonymous"]
    id: str
    name: str


class Target(Answer, frozen=True):
    """`kind`: network, peer, user, token, join_key, settings, …"""

    kind: str
    id: str
    name: str


class AuditRecord(Answer, frozen=True):
    """Something that was done, or refused. `source`: the caller's address, null when it cannot be believed.
    `before`, `after`: what changed of the target, without secrets."""

    id: str
    at: datetime
    actor: Actor
    source: str | None
    action: str
    target: Target
    network_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    outcome: Literal["done", "refused"]
    request_id: str | None


class AuditQuery(Request, frozen=True):
    """Newest first. `since` inclusive, `until` exclusive. One of `network_id`, `actor`, `target` and `action` is
    looked up, further ones are filters of that page."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None
    network_id: Sought | None = None
    actor: Sought | None = None
    action: Sought | None = None
    target: Sought | None = None
    since: Moment | None = None
    until: Moment | None = None


class AuditExportQuery(Request, frozen=True):
    """As AuditQuery, in larger pages."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000
    cursor: str | None = None
    network_id: Sought | None = None
    actor: Sought | None = None
    action: Sought | None = None
    target: Sought | None = None
    since: Moment | None = None
    until: Moment | None = None
