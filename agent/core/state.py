"""What the agent knows: the state that `core.step` takes and gives back.

`at_s` in a name means a monotonic time in seconds, as it came with the event.
"""

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
class Pauses:
    """How long the way to the control plane bears silence. `heard_at_s`: when the last frame came over the open
    socket. `cut_after_s`: the length of a silence in which a socket ended, until a longer one is borne. `bearable_s`:
    what was learned from that at `learned_at_s`; `None`: nothing."""

    heard_at_s: float | None = None
    cut_after_s: float | None = None
    bearable_s: float | None = None
    learned_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """Session and socket.

    `number` names the newest socket; `former` the one that it replaces, until the newest is welcomed.
    `failures`: how many there were in a row.
    `away_since_s`: when the control plane was lost; `None`: it is connected.
    `not_before_s`: the earliest time at which the control plane wants to hear from the agent again.
    `is_posting`: a frame that was sent by REST has no answer yet; no other is sent before it has.
    `logged_at_s`: when an outage was last logged; `None` while the link is good.
    `contact_at_s`: when the control plane last said anything."""

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
    pauses: Pauses = field(default_factory=Pauses)


class Phase(Enum):
    """How far a trial is. TRIED: the bundle is in force. ROLLED_BACK: the control plane was silent with the bundle, so
    the good one is in force. AGAIN: it answered without the bundle, so the bundle is in force once more."""

    TRIED = "tried"
    ROLLED_BACK = "rolled_back"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Trial:
    """A bundle that may have cut the host off.

    `window`: how long the phase may still last; `None` until the host is made as the phase wants it.
    `since_s`: only calls that began later say anything about the phase.
    `is_silent`: such a call had no answer.
    `round`: how often the bundle was acquitted because the control plane was silent without it too."""

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
    """How far the agent is on the way from a hint to the report of the bundle.

    `wanted`: the newest version that the control plane named. `applied`: the version that the host runs.
    `arrived`: was fetched, and waits until the host is free. `target`: was fetched, and is not applied yet.
    `good`: the newest bundle that needs no trial any more. `leaving`: the bundle that is being rolled back.
    `refused`: the newest version that is wrong in itself, or was rolled back; `refusal`: why it was rolled back.
    `hinted_at_s`: when the oldest hint came for which nothing was fetched yet; `asked_at_s`, `target_at_s`: the same
    time for the bundle that is being fetched, and for the target.
    `is_fetching`: from the fetch until its bundle is taken up. `is_probing`: a probe has no outcome yet.
    `is_full_due`: the next fetch is for the whole bundle. `is_held`: the next fetch waits for its back-off.
    `is_in_turn`: the next fetch waits for its turn, for many agents were hinted at once.
    `is_disturbed`: another program changed the host since it was last looked at.
    `unreported`: a report that is still to be sent; `is_report_held`: it was sent in vain, and waits for its back-off.
    `kept`: the bundle on the disk. `unsaved`: the one that is being saved; `is_disk_refusing`: that failed once.
    `made`: what the last change of the host came to.
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
class HeartbeatState:
    """What heartbeats tell, and what was told.

    `interval_s`: as the control plane asked for it. `told_at_s`: when the last heartbeat was sent.
    `nonce`: of the last answer, to be sent back. `peer_ids`: public key → peer id.
    `host`: as it was last looked at; `told_host`: as the control plane acknowledged it.
    `untold`: public key → what a jump saw of that peer and has not told yet; the newest first.
    `shaken`: a regular agent's own handshakes, complete since `watched_since_s`; the oldest first.
    `unacked`: heartbeats without an answer. `is_late`: a heartbeat waits for the answer to the one before, by REST.
    `reset`: the jump that the next heartbeat asks to remove this agent's section and add it again."""

    interval_s: float
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

    def losing(self, is_lost: Callable[[PendingHeartbeat], bool]) -> "HeartbeatState":
        """Take such heartbeats for lost: what they told is to be told again, unless something newer is waiting."""
        told_again = {seen.public_key: seen for one in self.unacked if is_lost(one) for seen in one.seen}
        waiting = tuple(one for one in self.unacked if not is_lost(one))
        return replace(self, untold={**told_again, **self.untold}, unacked=waiting)


@dataclass(frozen=True, slots=True)
class Rotation:
    """The agent's own public keys, and how far the change from one to the next is.

    `in_use`: empty when it is not known, as for a guard. `next_key`: is made and on the disk.
    `present`: the key under which the other peers know this agent; `staged`: the key that they hold for later.
    `is_asked`: the bundle asks for a change; `is_due`: the age of the key does, `due_in_s` after the start (`None`:
    never), and every `lifetime_s` from then on.
    `is_held`: all peers that must hold `next_key` do.
    `is_busy`: a job is under way; `is_waiting`: the next one waits for its timer. `tries`: how many were in vain.
    `psk_epoch`: the newest preshared keys of the bundle; `psk_told`: the newest that the agent confirmed to hold.
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
    """Which jumps are dead, and what this agent did about it by itself.

    `order`: the jumps of a regular agent, in the order in which they serve it.
    `places`: jump id → its address in the tunnel and its endpoint. `dead`: jump id → when it last gave a sign of life.
    `moved`: the jumps that the host is set up without, by this agent's own decision; `is_moving`: that is under way;
    `moved_at_s`: when it was decided.
    `told_at_s`: when the control plane was last told of a dead jump; it has not answered yet if it was silent since.
    `reset_at_s`: when a jump was last asked to add this agent's section again; `resets`: how often that was."""

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
    """Everything the agent knows.

    `confirm_within_s`: how long a bundle on trial may leave the control plane unreachable.
    `is_guard`: this process stands in for an agent that ended during a trial, until the trial is over.
    `tombstone`: the signed proof that this peer was deleted.
    `reset_at_s`: peer id → when it was removed and added again; `resetting`: how many such jobs are under way."""

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


def then(so_far: Step, *functions: Callable[[State], Step]) -> Step:
    """One function after the other, each with the state of the one before; the effects of all, in that order."""
    state, effects = so_far
    for function in functions:
        state, more = function(state)
        effects = (*effects, *more)
    return state, effects
