"""What the detector remembers of a peer: one value of bounded size, however many facts arrive.

Times are the gateway's where they are called `at`, and an observer's own where they are called `seen_at` or
`handshake_at`. Whatever could grow is cut to the newest: see the bounds.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.evidence import HostIdentity
from chalicelib.domain.incident.rules import IncidentType

MOST_INSTANCES = 8
MOST_OBSERVERS = 16  # as many jumps as a peer has homes
MOST_ENDPOINTS = 8
MOST_SIGNS = 8  # of a kind; no threshold asks for more
MOST_HANDSHAKES = 12  # an idle pair makes ten in ten minutes
MOST_MOVES = 31  # one more than a threshold may allow
MOST_DENIALS = 4
MOST_BYTES = 120_000  # as JSON, when everything is at its bound; an item of DynamoDB holds 400 KB

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Instance:
    """A run of the peer's agent. `echo`: the newest time of issue among the nonces that it echoed."""

    id: str
    first_at: datetime
    last_at: datetime
    echo: datetime | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """An endpoint, when the peer was last known to be there, and when another was first seen instead."""

    endpoint: str
    heard_at: datetime
    seen_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """The peer was at an endpoint again, `away_s` after it was seen at `other`. `is_bare`: no handshake came with it;
    None: that is not known yet. `time`: the how many-th return to this endpoint within the window."""

    endpoint: str
    other: str
    away_s: float
    seen_at: datetime
    at: datetime
    time: int
    is_bare: bool | None = None


@dataclass(frozen=True, slots=True)
class EarlyHandshake:
    """A handshake `gap_s` after the one before. `other`: where the peer was known to be `heard_s` before, too lately
    for one device to have waited for an answer in vain; None: nowhere else."""

    endpoint: str
    other: str | None
    gap_s: float
    heard_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """What one observer told of the peer. `instance_id`, `seq`: of its newest frame. `seen_at`, `at`: of
    the newest look, by both clocks. `heard_at`: when the peer came to its endpoint, or
    shook hands there. `handshakes`: the newest, oldest first. `site_v4`, `site_v6`: where the peer
    was last in each family, at `site_at`; `moves`: when one of them changed."""

    observer_id: PeerId
    name: str
    started_at: datetime
    instance_id: str
    seq: int
    at: datetime
    seen_at: datetime
    endpoint: str
    handshake_at: datetime
    heard_at: datetime
    left: tuple[Left, ...] = ()
    returns: tuple[Return, ...] = ()
    early: tuple[EarlyHandshake, ...] = ()
    handshakes: tuple[datetime, ...] = ()
    site_v4: str | None = None
    site_v6: str | None = None
    site_at: datetime | None = None
    moves: tuple[datetime, ...] = ()
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """A statement of the peer's agent left `count` of an observer's handshakes out."""

    observer_id: PeerId
    instance_id: str
    seq: int
    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Hosts:
    """The machine that the newest frame named, those before it, and when it was one of those again."""

    current: HostIdentity
    at: datetime
    former: tuple[HostIdentity, ...] = ()
    returns: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found already: of which type, whether it was proved, and how many findings were told."""

    type: IncidentType
    is_proof: bool
    told: int = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one peer. `since`: the facts before it are history. `quiet_until`: no observer's signs count before it."""

    peer_id: PeerId
    since: datetime | None = None
    quiet_until: datetime | None = None
    instances: tuple[Instance, ...] = ()
    watched: tuple[Watched, ...] = ()
    denials: tuple[Denial, ...] = ()
    hosts: Hosts | None = None
    opened: tuple[Opened, ...] = ()

    def seen_by(self, observer_id: PeerId) -> Watched | None:
        return next((one for one in self.watched if one.observer_id == observer_id), None)

    def with_watched(self, watched: Watched) -> "Memory":
        """The observer heard least lately gives way when there are too many."""
        others = tuple(one for one in self.watched if one.observer_id != watched.observer_id)
        kept = sorted(others, key=lambda one: one.at)[-(MOST_OBSERVERS - 1) :]
        return replace(self, watched=(*kept, watched))

    def found(self, kind: IncidentType) -> Opened | None:
        return next((one for one in self.opened if one.type is kind), None)


def newest(items: tuple[Item, ...], item: Item, most: int) -> tuple[Item, ...]:
    """The items with one more, the oldest given up when there are too many."""
    return (*items, item)[-most:]
