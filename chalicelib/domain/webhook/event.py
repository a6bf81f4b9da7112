"""An event: what a webhook tells, with an id that follows from what happened."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from chalicelib.domain.ids import NetworkId

EventId = NewType("EventId", str)
Value = str | int | bool | None | tuple[str, ...]
Data = Mapping[str, Value]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, which ids of this deployment are written in
TIME_DIGITS = 10  # of milliseconds: 50 bits. Source: ULID specification
HASH_DIGITS = 16  # 80 bits


class EventType(StrEnum):
    """All that can be told. `TEST`: sent when a person asks for it, never by itself."""

    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CONTAINED = "incident.contained"
    INCIDENT_RESOLVED = "incident.resolved"
    PEER_CREATED = "peer.created"
    PEER_DELETED = "peer.deleted"
    PEER_BLOCKED = "peer.blocked"
    PEER_UNBLOCKED = "peer.unblocked"
    PEER_ONLINE = "peer.online"
    PEER_OFFLINE = "peer.offline"
    CHANGE_LATE = "change.late"
    JUMP_DOWN = "jump.down"
    JUMP_UP = "jump.up"
    JOIN_PENDING = "join.pending"
    KEY_ROTATED = "key.rotated"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_SUSPENDED = "user.suspended"
    USER_RESTORED = "user.restored"
    USER_REMOVED = "user.removed"
    TEST = "webhook.test"


CHOSEN = frozenset(EventType) - {EventType.TEST}
"""Those that a hook can be for."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `network_id` None: it concerns the deployment."""

    id: EventId
    type: EventType
    at: datetime
    network_id: NetworkId | None
    data: Data


def event_of(what: EventType, at: datetime, place: NetworkId | None, source: str, /, **data: Value) -> Event:
    """An event; the same source gives the same id, however often it is read.

    Args:
        place: the network it concerns, None: the deployment.
        source: names the record that it follows from, and the part of it.
    """
    return Event(_id(at, f"{what} {place} {source}"), what, at, place, data)


def _id(at: datetime, source: str) -> EventId:
    """Sorts by time, as a ULID does; in the place of chance stands a hash of the source."""
    digest = int.from_bytes(hashlib.sha256(source.encode()).digest()[:10])
    return EventId("evt_" + _digits(int(at.timestamp() * 1000), TIME_DIGITS) + _digits(digest, HASH_DIGITS))


def _digits(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
