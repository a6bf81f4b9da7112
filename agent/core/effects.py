"""What the core wants done: the output of `core.step`, performed by the runtime.

A job is an effect that takes time. `failed` gives the event that the core expects when it fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.bundle.received import Fetched, Version
from agent.core import events as ev
from agent.core.timers import Timer
from agent.host.tunnel.liveness import Target
from chalicelib.wire.agent import KeysReport
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Applied, FromAgent, Heartbeat


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed.

    `status`: the HTTP status of an answer that was of no use; `None` without an answer. `retry_after_s`: the wait
    that it asked for. `is_refused`: the bundle itself is wrong.
    """

    reason: str
    status: int | None = None
    retry_after_s: float | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class OpenSession:
    def failed(self, why: Failure) -> ev.SessionFailed:
        return ev.SessionFailed(status=why.status, reason=why.reason, retry_after_s=why.retry_after_s)


@dataclass(frozen=True, slots=True)
class OpenSocket:
    socket: int


@dataclass(frozen=True, slots=True)
class CloseSocket:
    socket: int


@dataclass(frozen=True, slots=True)
class Send:
    socket: int
    frame: FromAgent


@dataclass(frozen=True, slots=True)
class Post:
    """Send a frame by REST, while the socket is down."""

    frame: Heartbeat | Applied

    def failed(self, why: Failure) -> ev.PostFailed:
        return ev.PostFailed(frame=self.frame, status=why.status, reason=why.reason)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetch what is newer than a version; `None`: the whole bundle."""

    since: Version | None

    def failed(self, why: Failure) -> ev.FetchFailed:
        return ev.FetchFailed(status=why.status, reason=why.reason, retry_after_s=why.retry_after_s)


@dataclass(frozen=True, slots=True)
class Apply:
    fetched: Fetched

    def failed(self, why: Failure) -> ev.ApplyFailed:
        return ev.ApplyFailed(fetched=self.fetched, error=why.reason, is_refused=why.is_refused)


@dataclass(frozen=True, slots=True)
class Try:
    """Apply a bundle that has just been fetched, on trial if it may cut the host off.

    `good`: the last bundle that was proved; `None`: there is none yet.
    """

    fetched: Fetched
    good: Fetched | None

    def failed(self, why: Failure) -> ev.ApplyFailed:
        return ev.ApplyFailed(fetched=self.fetched, error=why.reason, is_refused=why.is_refused)


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask whether the control plane can be reached."""

    def failed(self, why: Failure) -> ev.Probed:  # noqa: ARG002  whatever the reason
        return ev.Probed(is_answered=False)


@dataclass(frozen=True, slots=True)
class SeeRoute:
    """Look whether the host has a default route."""

    def failed(self, why: Failure) -> ev.RouteSeen:  # noqa: ARG002  whatever the reason
        return ev.RouteSeen(has_route=False)


@dataclass(frozen=True, slots=True)
class RollBack:
    """Restore the addresses, endpoints and routes of the good bundle, but no access that the new one denies."""

    fetched: Fetched
    good: Fetched | None

    def failed(self, why: Failure) -> ev.RollBackFailed:
        return ev.RollBackFailed(fetched=self.fetched, error=why.reason)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Remember across restarts that a bundle was rolled back, until a newer one comes."""

    fetched: Fetched
    error: str

    def failed(self, why: Failure) -> ev.Remembered:
        return ev.Remembered(error=why.reason)


@dataclass(frozen=True, slots=True)
class Save:
    """Keep a bundle as the last good one: its trial, if it had one, is over."""

    fetched: Fetched

    def failed(self, why: Failure) -> ev.SaveFailed:
        return ev.SaveFailed(fetched=self.fetched, error=why.reason)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Compare the host with the bundle applied last, and put right what drifted."""

    def failed(self, why: Failure) -> ev.ReconcileFailed:
        return ev.ReconcileFailed(error=why.reason)


@dataclass(frozen=True, slots=True)
class Observe:
    """Look at host and WireGuard now, and from now on every so often."""

    every_s: float


@dataclass(frozen=True, slots=True)
class WatchTunnels:
    """Watch whether the tunnels to these jumps are alive, and no others."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Rehome:
    """Set the host up by the last bundle as if these jumps were down."""

    dead: frozenset[str]

    def failed(self, why: Failure) -> ev.Rehomed:
        return ev.Rehomed(dead=self.dead, error=why.reason)


@dataclass(frozen=True, slots=True)
class ResetPeer:
    """Remove a peer from WireGuard and add it again."""

    public_key: str

    def failed(self, why: Failure) -> ev.PeerReset:
        return ev.PeerReset(error=why.reason)


@dataclass(frozen=True, slots=True)
class MakeKey:
    """Make a key pair to replace the present one, and save it."""

    def failed(self, why: Failure) -> ev.KeysFailed:
        return _keys_failed(why)


@dataclass(frozen=True, slots=True)
class TellKeys:
    report: KeysReport

    def failed(self, why: Failure) -> ev.KeysFailed:
        return _keys_failed(why)


@dataclass(frozen=True, slots=True)
class SwitchKey:
    """Use the next pair, whose public key this is and which the other peers hold, in place of the present one."""

    public_key: str

    def failed(self, why: Failure) -> ev.KeysFailed:
        return _keys_failed(why)


@dataclass(frozen=True, slots=True)
class TearDown:
    tombstone: Tombstone

    def failed(self, why: Failure) -> ev.TearDownFailed:
        return ev.TearDownFailed(error=why.reason)


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire once, at a random moment between the two; this replaces the timer of that name."""

    timer: Timer
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    timer: Timer


@dataclass(frozen=True, slots=True)
class Log:
    level: int
    event: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exit:
    code: int


def _keys_failed(why: Failure) -> ev.KeysFailed:
    return ev.KeysFailed(status=why.status, error=why.reason, retry_after_s=why.retry_after_s)


Call = OpenSession | Post | Fetch | TellKeys | Probe
BundleJob = Apply | Try | RollBack | Refuse | Save
TunnelJob = Reconcile | Rehome | ResetPeer | TearDown
KeyJob = MakeKey | SwitchKey
HostJob = BundleJob | TunnelJob | KeyJob | SeeRoute
Job = Call | HostJob
Effect = Job | Observe | OpenSocket | CloseSocket | Send | WatchTunnels | SetTimer | CancelTimer | Log | Exit
