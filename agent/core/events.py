"""What happens to the agent: the input of `core.step`.

`at_s` is the monotonic time at which it happened, for the core has no clock. The unions at the end say which
decision an event goes to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.bundle.received import Fetched, TrialBundle
from agent.core.timers import Timer
from agent.host.results import ApplyResult
from agent.host.tunnel.live import Sighting
from chalicelib.wire.agent import KeysKnown
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Ack, Applied, Heartbeat, ToAgent
from chalicelib.wire.peers import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """`asked_at_s`: when the job was begun whose outcome this is; `None`: no job was, or it took no time."""

    at_s: float = 0.0
    asked_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(_Event):
    """`saved`: the last good bundle on the disk. `tried`: a newer one that is on trial or was refused."""

    saved: Fetched | None
    tried: TrialBundle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(_Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(_Event):
    """A call was answered with a tombstone. `otherwise`: the failure of that call, for a tombstone of another peer."""

    tombstone: Tombstone
    otherwise: "CallFailed | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TornDown(_Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TearDownFailed(_Event):
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(_Event):
    lifetime_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFailed(_Event):
    """`status`: the HTTP status, `None` without an answer. `retry_after_s`: the wait that the answer asked for. Both
    mean the same in every failure below."""

    status: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOpened(_Event):
    socket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketClosed(_Event):
    """`status`: of a refused handshake."""

    socket: int
    status: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameReceived(_Event):
    socket: int
    frame: ToAgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted(_Event):
    """A frame was sent by REST. `ack`: the answer to a heartbeat; a report has none."""

    frame: Heartbeat | Applied
    ack: Ack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFailed(_Event):
    frame: Heartbeat | Applied
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFetched(_Event):
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleUnchanged(_Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed(_Event):
    status: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleApplied(_Event):
    fetched: Fetched
    made: ApplyResult
    is_on_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyFailed(_Event):
    """`is_refused`: the bundle itself is wrong, so another try is useless."""

    fetched: Fetched
    error: str
    is_refused: bool
    is_on_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSaved(_Event):
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFailed(_Event):
    fetched: Fetched
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered(_Event):
    """A refused bundle was written to the disk as refused. `error`: why it could not be."""

    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed(_Event):
    """`is_answered`: the control plane answered, whatever the status."""

    is_answered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSeen(_Event):
    """`has_route`: the host has a default route, without which it can reach nothing."""

    has_route: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack(_Event):
    fetched: Fetched
    made: ApplyResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBackFailed(_Event):
    fetched: Fetched
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChanged(_Event):
    """Another program changed, or may have changed, what the agent set up on the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(_Event):
    made: ApplyResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileFailed(_Event):
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(_Event):
    """`seen`: the peers that changed since the previous look. `since_s`: since when the interface has been watched
    without a gap; `None`: there is no interface. `is_asked`: the core asked for this look; else a change caused it."""

    host: Host
    seen: Sequence[Sighting]
    since_s: float | None = None
    is_asked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelLost(_Event):
    """A jump's tunnel is dead. `since_s`: when it last gave a sign of life."""

    jump_id: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelAnswers(_Event):
    """A jump's tunnel answers for the first time, or again."""

    jump_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehomed(_Event):
    """The host was set up as if these jumps were down. `error`: why it could not be."""

    dead: frozenset[str]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReset(_Event):
    """A peer was removed from WireGuard and added again. `error`: why it could not be."""

    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade(_Event):
    """The next key pair is on the disk. `next_key`: its public key."""

    next_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysTold(_Event):
    """`psk_epoch`: the one that the report named."""

    known: KeysKnown
    psk_epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySwitched(_Event):
    """`public_key` is in use from now on. `error`: why the host refused it; the next reconciliation tries again."""

    public_key: str
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRefused(_Event):
    """The next key belongs to another peer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysFailed(_Event):
    """A key could not be made, told or switched to."""

    status: int | None
    error: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(_Event):
    timer: Timer


CallFailed = SessionFailed | FetchFailed | PostFailed | Probed | KeysFailed

LifecycleEvent = Started | StopRequested | Deleted | TornDown | TearDownFailed
LinkEvent = SessionOpened | SessionFailed | SocketOpened | SocketClosed
FrameEvent = FrameReceived | Posted | PostFailed
BundleEvent = BundleFetched | BundleUnchanged | FetchFailed
ApplyEvent = BundleApplied | ApplyFailed
SaveEvent = BundleSaved | SaveFailed | Remembered
TrialEvent = Probed | RouteSeen | RolledBack | RollBackFailed
HealingEvent = HostChanged | Reconciled | ReconcileFailed
FailoverEvent = TunnelLost | TunnelAnswers | Rehomed
KeyEvent = KeyMade | KeysTold | KeySwitched | KeyRefused | KeysFailed
HostEvent = ApplyEvent | SaveEvent | TrialEvent | HealingEvent | FailoverEvent | PeerReset | Observed
Event = LifecycleEvent | LinkEvent | FrameEvent | BundleEvent | HostEvent | KeyEvent | TimerFired
