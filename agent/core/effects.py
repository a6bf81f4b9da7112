"""What the core wants done: the output of `core.step`, performed by the runtime."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.bundle.received import Fetched, Version
from agent.core.events import Timer
from agent.host.tunnel.liveness import Target
from chalicelib.wire.agent import KeysReport
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Applied, FromAgent, Heartbeat


@dataclass(frozen=True, slots=True)
class OpenSession:
    pass


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


@dataclass(frozen=True, slots=True)
class Fetch:
    since: Version | None


@dataclass(frozen=True, slots=True)
class Apply:
    fetched: Fetched


@dataclass(frozen=True, slots=True)
class Try:
    """Apply a bundle that has just been fetched: on trial, where it may cut the host off.

    `good`: the last one that was proved; None: there is none yet.
    """

    fetched: Fetched
    good: Fetched | None


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask whether the control plane can be reached."""


@dataclass(frozen=True, slots=True)
class SeeRoute:
    """Look whether the host could reach anything."""


@dataclass(frozen=True, slots=True)
class RollBack:
    """Restore what the good bundle had, as far as that widens nothing."""

    fetched: Fetched
    good: Fetched | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Remember across restarts that a bundle was rolled back, until a newer one comes."""

    fetched: Fetched
    error: str


@dataclass(frozen=True, slots=True)
class Save:
    """Keep a bundle as the last good one: its trial, if it had one, is over."""

    fetched: Fetched


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Look at the host again and heal what drifted from the bundle applied last."""


@dataclass(frozen=True, slots=True)
class Observe:
    """Look at host and WireGuard now, and from now on every so often."""

    every_s: float


@dataclass(frozen=True, slots=True)
class WatchTunnels:
    """See whether these jumps' tunnels are alive, and no others."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Rehome:
    """Make the host as the last bundle would be were these jumps down; none: as it is."""

    dead: frozenset[str]


@dataclass(frozen=True, slots=True)
class ResetPeer:
    """Remove a peer from WireGuard and add it again."""

    public_key: str


@dataclass(frozen=True, slots=True)
class MakeKey:
    """Make a pair to replace the present one, and save it."""


@dataclass(frozen=True, slots=True)
class TellKeys:
    report: KeysReport


@dataclass(frozen=True, slots=True)
class SwitchKey:
    """Use the next pair, which the others hold, in place of the present one; `public_key` is its own."""

    public_key: str


@dataclass(frozen=True, slots=True)
class TearDown:
    tombstone: Tombstone


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire once, at a random time between the two; replaces the timer of that name."""

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


Call = OpenSession | Post | Fetch | TellKeys | Probe
Making = Apply | Try | RollBack | Reconcile | Rehome | ResetPeer
Keeping = Refuse | Save | MakeKey | SwitchKey | TearDown | SeeRoute
HostWork = Making | Keeping
Job = Call | HostWork
Effect = Job | Observe | OpenSocket | CloseSocket | Send | WatchTunnels | SetTimer | CancelTimer | Log | Exit
