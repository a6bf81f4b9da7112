"""What is known of a peer right now, and the status shown for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from chalicelib.domain.ids import NetworkId, PeerId, Revision, is_static
from chalicelib.domain.peer.peer import Host, Kind, Peer

HEARTBEAT_JUMP = timedelta(seconds=45)
HEARTBEAT_REGULAR = timedelta(minutes=9)
MISSED_HEARTBEATS = 3
OFFLINE_AFTER = timedelta(minutes=3)  # away for less is a reconnect, of which nobody is told
REJECT_AFTER = timedelta(seconds=180)  # WireGuard protocol, section 6.1: a session is dead then


class Status(StrEnum):
    """What the console shows; computed on read, nobody watches silence."""

    PENDING = "pending"
    PENDING_APPROVAL = "pending_approval"
    ONLINE = "online"
    IDLE = "idle"
    OFFLINE = "offline"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Applied:
    """The last bundle an agent put in force (revision 0: none), and why it could not apply a later one."""

    revision: Revision
    hash: str
    at: datetime
    error: str | None


@dataclass(frozen=True, slots=True)
class OwnHandshakes:
    """All handshakes that an agent says it made since a time, with each peer; by the gateway's clock."""

    since: datetime
    made: Mapping[PeerId, tuple[datetime, ...]]


@dataclass(frozen=True, slots=True)
class Presence:
    """An agent's last word. `is_connected`: its socket is open. `instance_id`: the run that speaks."""

    wanted: Revision
    is_connected: bool
    last_seen: datetime | None
    host: Host | None
    instance_id: str | None = None
    applied: Applied | None = None
    own_handshakes: OwnHandshakes | None = None

    @property
    def running(self) -> Revision:
        """The revision of the bundle in force, 0 for none."""
        return Revision(0) if self.applied is None else self.applied.revision

    @property
    def applied_at(self) -> datetime | None:
        return None if self.applied is None else self.applied.at


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a jump saw of a peer: its latest handshake, when it said so, and the `ip:port` it saw it at."""

    handshake_at: datetime
    seen_at: datetime
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an agent is. `applied` 0: nothing yet. `is_blocked`: its word about others does not count.
    `is_ephemeral`: its peer vanishes when it is away for a time. `heard_before`, `closed_at`: of one that connects, its
    last word before, and when its last socket closed; None: it never spoke, none ever closed."""

    wanted: Revision
    applied: Revision
    is_blocked: bool = False
    is_ephemeral: bool = False
    heard_before: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PeerObservation:
    """What an agent said, and what a jump saw of it."""

    presence: Presence | None = None
    sighting: Sighting | None = None


class FactKind(StrEnum):
    """What can become true of a peer. `handshake`: the first, or the first after a silence. `late`: it is
    connected, and has not applied in time what concerns it."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    APPLIED = "applied"
    HANDSHAKE = "handshake"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that became true of a peer at a time. Of a report: the revision in force from now on, and
    the one before, 0 for none. `is_return`: of an agent that connects, whether it is the first time, or was away."""

    network_id: NetworkId
    peer_id: PeerId
    kind: FactKind
    at: datetime
    revision: Revision | None = None
    after: Revision | None = None
    is_return: bool = False

    @property
    def status(self) -> Status | None:
        """The status that follows, None when none does: an agent's handshake says nothing of its socket."""
        match self.kind:
            case FactKind.CONNECTED | FactKind.APPLIED:
                return Status.ONLINE
            case FactKind.DISCONNECTED:
                return Status.OFFLINE
            case FactKind.LATE:
                return None
            case FactKind.HANDSHAKE:
                return Status.ONLINE if is_static(self.peer_id) else None
            case _:
                assert_never(self.kind)


def is_return(kind: Kind, before: Progress, now: datetime) -> bool:
    """Whether an agent that connects was offline, rather than to open another socket.

    One whose socket nobody closed was away only if it missed its heartbeats as well.
    """
    heard, closed = before.heard_before, before.closed_at
    if heard is None:
        return True
    if closed is not None and closed >= heard:
        return now - closed >= OFFLINE_AFTER
    return now - heard >= MISSED_HEARTBEATS * heartbeat_interval(kind) + OFFLINE_AFTER


def is_awakening(before: Sighting | None, seen: Sighting) -> bool:
    """Whether a handshake is the first, or the first after the session before it was dead."""
    return before is None or seen.handshake_at - before.handshake_at >= REJECT_AFTER


def latest_before(before: Sighting, seen: Sighting) -> datetime:
    """The latest handshake that may be stored meanwhile, so that `seen` is still what it was taken for: news, and an
    awakening or none."""
    return before.handshake_at if is_awakening(before, seen) else seen.handshake_at


def own_handshakes(watched: timedelta, ages: Iterable[tuple[PeerId, timedelta]], now: datetime) -> OwnHandshakes:
    """Ages as the gateway's times, to the second."""
    made: dict[PeerId, tuple[datetime, ...]] = {}
    for peer_id, age in ages:
        made[peer_id] = (*made.get(peer_id, ()), (now - age).replace(microsecond=0))
    return OwnHandshakes((now - watched).replace(microsecond=0), made)


def heartbeat_interval(kind: Kind) -> timedelta:
    return HEARTBEAT_JUMP if kind is Kind.JUMP else HEARTBEAT_REGULAR


def status(
    peer: Peer, presence: Presence | None, sighting: Sighting | None, now: datetime, home: Presence | None = None
) -> Status:
    """Static peers by their handshakes, agents by their socket and heartbeats; `home`: of their home jump."""
    if peer.is_blocked:
        return Status.BLOCKED
    if peer.awaits_approval:
        return Status.PENDING_APPROVAL
    if peer.kind is Kind.STATIC:
        if sighting is None:
            return Status.PENDING
        return Status.ONLINE if now - sighting.handshake_at < REJECT_AFTER else Status.OFFLINE
    if peer.public_key is None or presence is None:
        return Status.PENDING
    if not _speaks(presence, peer.kind, now):
        return Status.OFFLINE
    return Status.IDLE if peer.kind is Kind.DYNAMIC and _is_idle(sighting, home, now) else Status.ONLINE


def last_seen(presence: Presence | None, sighting: Sighting | None) -> datetime | None:
    """The later of the agent's last word and the last handshake a jump saw."""
    times = [presence.last_seen if presence else None, sighting.handshake_at if sighting else None]
    return max((time for time in times if time is not None), default=None)


def _speaks(presence: Presence, kind: Kind, now: datetime) -> bool:
    silence = MISSED_HEARTBEATS * heartbeat_interval(kind)
    return presence.is_connected and presence.last_seen is not None and now - presence.last_seen < silence


def _is_idle(sighting: Sighting | None, home: Presence | None, now: datetime) -> bool:
    """A jump tells what changed: while it is heard, silence about a handshake means that there was none."""
    if sighting is None or home is None or not _speaks(home, Kind.JUMP, now):
        return False
    return now - sighting.handshake_at >= REJECT_AFTER
