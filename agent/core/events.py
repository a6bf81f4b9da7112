"""What happens to the agent: the input of `core.step`.

`at_s` is the monotonic time at which it happened, for the core has no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from agent.bundle.received import Fetched, Tried
from agent.host.results import ApplyResult
from agent.host.tunnel.live import Sighting
from chalicelib.wire.agent import KeysKnown
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Ack, FromAgent, ToAgent
from chalicelib.wire.peers import Host


class Timer(Enum):
    CONNECT = "connect"
    RENEW = "renew"
    FETCH = "fetch"
    TURN = "turn"
    FULL_FETCH = "full_fetch"
    HEARTBEAT = "heartbeat"
    ACK = "ack"
    REPORT = "report"
    PROBE = "probe"
    RELIEVED = "relieved"
    RECONCILE = "reconcile"
    SAVE = "save"
    KEYS = "keys"
    KEY_AGE = "key_age"
    TEAR_DOWN = "tear_down"
    ALONE = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`asked_at_s`: when the job was begun that came to this; None: nothing was asked, or just now."""

    at_s: float = 0.0
    asked_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """`saved`: the last good bundle on disk. `tried`: a newer one, on trial or refused."""

    saved: Fetched | None
    tried: Tried | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Event):
    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    lifetime_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFailed(Event):
    """`retry_after_s`: when the answer said to ask again; so with what else failed."""

    status: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOpened(Event):
    socket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketClosed(Event):
    """`status`: the HTTP status of a refused handshake."""

    socket: int
    status: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReceived(Event):
    socket: int
    frame: ToAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted(Event):
    """A frame went by REST; `ack` answers a heartbeat."""

    frame: FromAgent
    ack: Ack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFailed(Event):
    frame: FromAgent
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFetched(Event):
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleUnchanged(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed(Event):
    status: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Event):
    """`otherwise`: what came of the call, should the tombstone be another's."""

    tombstone: Tombstone
    otherwise: Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleApplied(Event):
    fetched: Fetched
    made: ApplyResult
    is_on_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyFailed(Event):
    """`is_refused`: the bundle itself is wrong, so trying again is useless."""

    fetched: Fetched
    error: str
    is_refused: bool
    is_on_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed(Event):
    """`is_answered`: by whatever status."""

    is_answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSeen(Event):
    """Whether the host has a default route, and so could reach anything."""

    has_route: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack(Event):
    fetched: Fetched
    made: ApplyResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBackFailed(Event):
    fetched: Fetched
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered(Event):
    """A refused bundle is on the disk as such; `error`: it is not."""

    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSaved(Event):
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFailed(Event):
    fetched: Fetched
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(Event):
    made: ApplyResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileFailed(Event):
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChanged(Event):
    """Others did something to what the agent made of the host, or may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(Event):
    """`seen`: the peers that changed since the look before. `since_s`: since when the interface was looked at
    without a gap, None while there is none. `is_asked`: else it comes for what changed."""

    host: Host
    seen: Sequence[Sighting]
    since_s: float | None = None
    is_asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelLost(Event):
    """A jump's tunnel is dead; `since_s`: its last sign of life."""

    jump_id: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelAnswers(Event):
    """A jump's tunnel is alive: it answers for the first time, or again."""

    jump_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehomed(Event):
    """The host is as the last bundle would be were these jumps down; `error`: it is not."""

    dead: frozenset[str]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReset(Event):
    """A peer's section was made anew; `error`: why not."""

    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade(Event):
    """A next pair is on the disk; its public key."""

    next_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysTold(Event):
    """`psk_epoch`: what the report said of it."""

    known: KeysKnown
    psk_epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySwitched(Event):
    """`public_key` is in use from now on. `error`: the host refused it; the next look heals that."""

    public_key: str
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRefused(Event):
    """The next key is another peer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysFailed(Event):
    """A key was not made, told or switched to. `status`: of an answer."""

    status: int | None
    error: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TornDown(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TearDownFailed(Event):
    error: str
