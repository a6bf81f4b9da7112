"""What the agent knows: the state that `core.step` takes and gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from agent.bundle.received import Fetched, Version
from agent.core.effects import Effect
from agent.core.trial_window import CONFIRM_WITHIN_S, Window
from agent.host.results import ApplyResult
from agent.host.tunnel.live import PeerTraffic
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Applied
from chalicelib.wire.peers import Host

NEVER = Version()


class Session(Enum):
    ABSENT = "absent"
    OPENING = "opening"
    OPEN = "open"


class Socket(Enum):
    """UP: the server said welcome."""

    CLOSED = "closed"
    OPENING = "opening"
    UP = "up"


class Work(Enum):
    """What is done to the host about the bundle; one thing at a time."""

    IDLE = "idle"
    APPLYING = "applying"
    RECONCILING = "reconciling"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Link:
    """`number` names the newest socket; `former` the one it replaces, until it is welcomed. `failures` in a row.
    `away_since_s`: when the control plane was lost, None: it is there. `not_before_s`: when it said to come again at
    the earliest.
    `is_posting`: a frame that went by REST has no answer yet; no other goes before that.
    `logged_at_s`: when an outage was last logged, None while the link is good."""

    session: Session = Session.ABSENT
    socket: Socket = Socket.CLOSED
    number: int = 0
    former: int | None = None
    failures: int = 0
    is_posting: bool = False
    away_since_s: float | None = None
    not_before_s: float = 0.0
    logged_at_s: float | None = None
    last_error: str | None = None
    contact_at_s: float | None = None


class Phase(Enum):
    """Of a trial. TRIED: the bundle is in force. ROLLED_BACK: it was silent with it, and is asked without. AGAIN:
    it was answered without, and is asked with it once more."""

    TRIED = "tried"
    ROLLED_BACK = "rolled_back"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Trial:
    """A bundle that may have cut the host off. `window`: of the phase; None until the host is made so. `since_s`:
    only what was asked later tells of the phase. `is_silent`: something was, and had no answer. `round`: how
    often silence has acquitted the bundle before."""

    fetched: Fetched
    window: Window | None = None
    since_s: float = 0.0
    is_silent: bool = False
    phase: Phase = Phase.TRIED
    round: int = 0

    @property
    def is_back(self) -> bool:
        return self.phase is Phase.ROLLED_BACK


@dataclass(frozen=True, slots=True)
class Following:
    """From hint to report.

    `applied`: what the host runs. `target`: fetched, but the host has not taken it yet; `arrived`: the same,
    which waits for the work at hand.
    `good`: the newest that needs no trial any more. `leaving`: what is being rolled back.
    `refused`: the newest bundle that is wrong in itself, or was rolled back. `hinted_at_s`: when the oldest
    hint not yet fetched for came; `asked_at_s`, `target_at_s`: the same for what is being fetched, and for the
    target. `is_fetching`: until what was fetched is taken up. `is_probing`: a probe has not come back.
    `is_held`: a fetch waits for its back-off. `is_in_turn`: one that a hint to many asks for, for its turn.
    `is_disturbed`: others changed the host since it was last looked at.
    `is_report_held`: what was rolled back is told again, after a back-off.
    `kept`: on the disk. `unsaved`: on its way there; `is_disk_refusing`: which had to be tried again.
    """

    work: Work = Work.IDLE
    wanted: Version = NEVER
    applied: Version = NEVER
    applied_hash: str = ""
    target: Fetched | None = None
    arrived: Fetched | None = None
    good: Fetched | None = None
    trial: Trial | None = None
    leaving: Fetched | None = None
    refused: Version = NEVER
    refusal: str | None = None
    is_fetching: bool = False
    is_probing: bool = False
    is_full_due: bool = False
    is_held: bool = False
    is_in_turn: bool = False
    is_disturbed: bool = False
    fetch_failures: int = 0
    apply_failures: int = 0
    hinted_at_s: float | None = None
    asked_at_s: float | None = None
    target_at_s: float | None = None
    unreported: Applied | None = None
    is_report_held: bool = False
    report_failures: int = 0
    kept: Fetched | None = None
    unsaved: Fetched | None = None
    is_disk_refusing: bool = False
    made: ApplyResult | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class DatedHandshake:
    """A handshake of the host's own with a peer, at a monotonic time."""

    public_key: str
    made_at_s: float


@dataclass(frozen=True, slots=True)
class PendingHeartbeat:
    """A heartbeat whose answer is awaited."""

    seq: int
    host: Host | None
    seen: tuple[PeerTraffic, ...]


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long the way to the control plane bears silence. `heard_at_s`: the last frame of the open socket.
    `cut_after_s`: the silence in which a socket ended, while none so long was borne since. `bearable_s`: what
    was learned of it at `learned_at_s`, None: nothing."""

    heard_at_s: float | None = None
    cut_after_s: float | None = None
    bearable_s: float | None = None
    learned_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HeartbeatState:
    """`interval_s`: as the control plane has it. `told_at_s`: of the last heartbeat. `peer_ids`: public key →
    peer id. `host`: as it was last looked at. `untold`: public key → what a jump saw of it and has not told yet,
    the newest first. `shaken`: a regular agent's handshakes, none missing since `watched_since_s`; the oldest
    first. `is_late`: a heartbeat is to go as soon as the answer to the last one by REST is there. `reset`: the
    jump that the next one asks to make this agent's section anew."""

    interval_s: float
    pauses: Pauses = field(default_factory=Pauses)
    told_at_s: float = 0.0
    seq: int = 0
    nonce: str | None = None
    is_jump: bool = False
    peer_ids: Mapping[str, str] = field(default_factory=dict)
    host: Host | None = None
    told_host: Host | None = None
    untold: Mapping[str, PeerTraffic] = field(default_factory=dict)
    shaken: tuple[DatedHandshake, ...] = ()
    watched_since_s: float | None = None
    unacked: tuple[PendingHeartbeat, ...] = ()
    is_late: bool = False
    reset: str | None = None

    @property
    def pause_s(self) -> float:
        """The longest time between two heartbeats."""
        bearable_s = self.pauses.bearable_s
        return self.interval_s if bearable_s is None else min(self.interval_s, bearable_s)

    def losing(self, is_lost: Callable[[PendingHeartbeat], bool]) -> "HeartbeatState":
        """What such heartbeats told is to be told again, unless something newer is."""
        told_again = {seen.public_key: seen for one in self.unacked if is_lost(one) for seen in one.seen}
        waiting = tuple(one for one in self.unacked if not is_lost(one))
        return replace(self, untold={**told_again, **self.untold}, unacked=waiting)


@dataclass(frozen=True, slots=True)
class Rotation:
    """The agent's own public keys, and how far the change from one to the next is.

    `in_use` empty: not known. `next_key`: made and saved. `present`, `staged`: what the others
    take for its key, and hold for later. `is_asked` by the bundle, `is_due` by its age; `due_in_s`
    from the start on, None: never. `is_held`: all who must hold `next_key` do. `is_busy`: a job is
    under way; `is_waiting`: until its timer fires. `psk_epoch`: the newest preshared keys of the
    bundle; `psk_told`: the newest that the control plane knows to be here.
    """

    in_use: str = ""
    next_key: str | None = None
    due_in_s: float | None = None
    lifetime_s: float | None = None
    present: str | None = None
    staged: str | None = None
    is_asked: bool = False
    is_due: bool = False
    is_held: bool = False
    is_busy: bool = False
    is_waiting: bool = False
    tries: int = 0
    psk_epoch: int = 0
    psk_told: int = 0


@dataclass(frozen=True, slots=True)
class Homes:
    """`order`: of a regular agent, the jumps as they carry it. `places`: jump → its address in the tunnel
    and its endpoint. `dead`: jump → its last sign of life. `moved`: the jumps taken for dead in what this
    agent does by itself; `is_moving`: the host is being made so. `told_at_s`: when the control plane had to be
    heard of since. `resets`: how many were asked for."""

    order: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    dead: Mapping[str, float] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()
    is_moving: bool = False
    moved_at_s: float = 0.0
    told_at_s: float = 0.0
    reset_at_s: float | None = None
    resets: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """`reset_at_s`: peer id → when its section was made anew; `resetting`: how many are waited for.
    `confirm_within_s`: how long a bundle on trial
    may leave the control plane unreachable. `is_guard`: this process stands in for an agent that ended
    during a trial, until it is over."""

    network_id: str
    peer_id: str
    instance_id: str
    beats: HeartbeatState
    confirm_within_s: float = CONFIRM_WITHIN_S
    is_guard: bool = False
    link: Link = field(default_factory=Link)
    following: Following = field(default_factory=Following)
    rotation: Rotation = field(default_factory=Rotation)
    homes: Homes = field(default_factory=Homes)
    tombstone: Tombstone | None = None
    reset_at_s: Mapping[str, float] = field(default_factory=dict)
    resetting: int = 0


Step = tuple[State, tuple[Effect, ...]]
