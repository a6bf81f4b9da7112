"""Whether a jump's tunnel is alive, from what goes in and out of it; pure.

Packets that go out while none come in are the first sign, and so is what came in and has ceased: who only
answers sends nothing any more when its jump dies. Then three echoes in a row have to stay without an answer,
four where nothing but them goes out. An idle tunnel, a host without a way to the jump and a moment in which nobody
looked prove nothing.
"""

from dataclasses import dataclass, replace

ANSWERS_WITHIN_S = 0.2
LOST_IN_A_ROW = 3
LOST_IN_SILENCE = 4
CEASED_S = 0.4  # longer than the pauses of most flows; each pause costs an echo, one a second at most
AGAIN_S = 1.0  # between echoes to a dead jump, or from jump to jump
UNPROVED_S = 15.0  # WireGuard protocol, section 6.5: a peer answers data within this, if only by a keepalive
STALLED_S = 1.0
LOOK_EVERY_S = 0.1
LOOK_AWAITING_S = 0.05
LOOK_IDLE_S = 0.5
IDLE_AFTER_S = 5.0
LONGEST_S = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """A jump to watch. `address`: in the tunnel. `endpoint`: `ip:port` or `name:port`. `is_home`: all of the
    interface's traffic goes through it. `idle_s`: after how long without traffic to ask all the same."""

    jump_id: str
    address: str
    endpoint: str | None
    is_home: bool
    idle_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at one moment. `rx`, `tx`: packets of the interface so far. `is_answered`: an echo came back
    since the last look. `has_way`: the host has a route to the jump's endpoint."""

    at_s: float
    rx: int
    tx: int
    is_answered: bool = False
    has_way: bool = True


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of one target. `alive_at_s`: the last sign of life. `busy_at_s`: when packets went
    out last. `sent_at_s`, `heard_at_s`: when others than echoes and their answers went out and came in.
    `echo_at_s`: when the last echo left; `is_awaited`: its answer. `patience_s`: how long, by the
    answers that came. `is_proved`: it has answered an echo, so that silence tells something."""

    target: Target
    alive_at_s: float
    looked_at_s: float
    rx: int = 0
    tx: int = 0
    busy_at_s: float = 0.0
    sent_at_s: float = 0.0
    heard_at_s: float = 0.0
    echo_at_s: float | None = None
    is_awaited: bool = False
    patience_s: float = ANSWERS_WITHIN_S
    lost: int = 0
    is_proved: bool = False
    is_dead: bool = False

    @classmethod
    def begin(cls, target: Target, sample: Sample) -> "Watch":
        return cls(target, sample.at_s, sample.at_s, sample.rx, sample.tx)


def look(watch: Watch, sample: Sample) -> tuple[Watch, bool]:
    """What is known after this sample, and whether an echo is due now."""
    is_stalled = sample.at_s - watch.looked_at_s > STALLED_S
    came = watch.target.is_home and sample.rx != watch.rx
    went = watch.target.is_home and sample.tx != watch.tx
    has_asked = watch.echo_at_s == watch.looked_at_s
    seen = replace(
        watch,
        looked_at_s=sample.at_s,
        rx=sample.rx,
        tx=sample.tx,
        busy_at_s=sample.at_s if went else watch.busy_at_s,
        sent_at_s=sample.at_s if went and sample.tx - watch.tx > has_asked else watch.sent_at_s,
        heard_at_s=sample.at_s if came and sample.rx - watch.rx > sample.is_answered else watch.heard_at_s,
    )
    if sample.is_answered or came:
        answered = _answered(seen, sample.at_s) if sample.is_answered else seen
        alive = replace(answered, alive_at_s=sample.at_s, is_awaited=False, lost=0, is_dead=False)
        return _asking(alive, sample.at_s) if _is_due(alive, sample.at_s, frozen=False) else (alive, False)
    if is_stalled or not sample.has_way:
        return replace(seen, is_awaited=False, lost=0), False
    if seen.is_awaited:
        if sample.at_s - (seen.echo_at_s or 0.0) < seen.patience_s:
            return seen, False
        return _missed(seen, sample.at_s)
    return _asking(seen, sample.at_s) if _is_due(seen, sample.at_s, frozen=went) else (seen, False)


def pace_s(watch: Watch) -> float:
    """How long until the next look: an idle tunnel need not wake its host that often."""
    if watch.is_awaited and watch.is_proved and watch.target.is_home:
        return LOOK_AWAITING_S
    is_idle = watch.looked_at_s - watch.busy_at_s >= IDLE_AFTER_S and not watch.is_awaited
    return LOOK_IDLE_S if is_idle else LOOK_EVERY_S


def _answered(watch: Watch, at_s: float) -> Watch:
    """An answer came: the next one may take twice as long as this one did, within bounds."""
    took_s = at_s - (watch.echo_at_s if watch.echo_at_s is not None else at_s)
    return replace(watch, is_proved=True, patience_s=min(max(ANSWERS_WITHIN_S, 2 * took_s), LONGEST_S))


def _missed(watch: Watch, at_s: float) -> tuple[Watch, bool]:
    """An echo stayed without an answer: ask again, or call it dead."""
    lost = watch.lost + 1
    is_used = watch.sent_at_s > watch.heard_at_s or not watch.target.is_home
    if lost < (LOST_IN_A_ROW if is_used else LOST_IN_SILENCE):
        return _asking(replace(watch, lost=lost), at_s)
    is_dead = watch.is_dead or watch.is_proved or at_s - watch.alive_at_s >= UNPROVED_S
    return replace(watch, is_awaited=False, lost=0, is_dead=is_dead), False


def _is_due(watch: Watch, at_s: float, frozen: bool) -> bool:
    since_echo_s = at_s - watch.echo_at_s if watch.echo_at_s is not None else None
    if since_echo_s is None:
        return True  # the first tells whether it answers at all
    if watch.is_dead or not watch.is_proved or not watch.target.is_home:
        return since_echo_s >= AGAIN_S
    if frozen:
        return since_echo_s >= watch.patience_s
    if watch.echo_at_s is not None and watch.heard_at_s > watch.echo_at_s:  # nobody has asked since
        return at_s - watch.heard_at_s >= CEASED_S and since_echo_s >= AGAIN_S
    return at_s - watch.alive_at_s >= watch.target.idle_s and since_echo_s >= AGAIN_S


def _asking(watch: Watch, at_s: float) -> tuple[Watch, bool]:
    return replace(watch, echo_at_s=at_s, is_awaited=True), True
