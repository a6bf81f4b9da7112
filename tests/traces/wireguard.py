"""One key at one jump: devices that use it, what WireGuard keeps of them, and what the jump's agent tells.

The model is as coarse as the detector's evidence. A device renews its session after 120 s when it sends, and after 15 s
without an answer; a jump keeps the newest session and the one before, moves the endpoint with every packet that it can
read, and answers by the newest session to the newest endpoint only.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.evidence import Frame, Observation, Observer
from tests.builders import T0

PEER = PeerId("sta_shared")
PARIS = PeerId("jmp_paris")
RENEW_S, UNANSWERED_S, RETRY_S = 120.0, 15.0, 5.0
LONG_AGO_S = -7200.0
FOR_EVER = math.inf

Path = Callable[[float], str | None]


@dataclass
class Device:
    """`path`: where its packets come from at a time, None: nowhere. `keepalive_s` 0: none. `talks`: spans with a packet
    that wants an answer each `pace_s`, more or less. `alive`: spans in which it runs, each begins without a
    session. `resets`: when its tunnel is restarted."""

    path: Path
    keepalive_s: float = 25.0
    talks: Sequence[tuple[float, float]] = ()
    pace_s: float = 1.0
    alive: Sequence[tuple[float, float]] = ((0.0, FOR_EVER),)
    resets: Sequence[float] = ()
    session: int = -1
    session_at: float = -FOR_EVER
    waits_since: float | None = None


@dataclass
class Look:
    """What WireGuard shows from a time on."""

    t: float
    endpoint: str
    handshake_at: float


@dataclass
class Jump:
    """The sessions of one key. `looks`: a new one for each change."""

    current: int = -1
    previous: int = -1
    made: int = 0
    looks: list[Look] = field(default_factory=list)

    def see(self, t: float, endpoint: str, handshake_at: float | None = None) -> None:
        last = self.looks[-1] if self.looks else None
        made = handshake_at if handshake_at is not None else last.handshake_at if last else t
        if last is None or (last.endpoint, last.handshake_at) != (endpoint, made):
            self.looks.append(Look(t, endpoint, made))


def simulated(devices: Sequence[Device], duration_s: float, rng: Random, loss: float = 0.0) -> list[Look]:
    """What one jump sees of devices that share a key."""
    jump = Jump()
    due: list[tuple[float, int, int, str]] = []  # when, in which order, whose, what
    for number, device in enumerate(devices):
        moments = [(start, "start") for start, _ in device.alive] + [(at, "start") for at in device.resets]
        for start, end in device.talks:
            moments += [(t, "data") for t in _paced(start, min(end, duration_s), device.pace_s, rng)]
        if device.keepalive_s:
            for start, end in device.alive:
                count = int((min(end, duration_s) - start) / device.keepalive_s) + 1
                moments += [(start + i * device.keepalive_s, "keepalive") for i in range(1, count)]
        due += [(t + rng.random() * 0.01, i, number, what) for i, (t, what) in enumerate(moments)]
    heapq.heapify(due)
    while due:
        t, _, number, what = heapq.heappop(due)
        device = devices[number]
        if t >= duration_s or not any(start <= t < end for start, end in device.alive):
            continue
        if what == "start":
            device.session_at, device.waits_since = -FOR_EVER, None
        again = _sent(jump, device, t, what, rng, loss)
        if again is not None:
            heapq.heappush(due, (again, len(due), number, "retry"))
    return jump.looks


def _paced(start: float, end: float, pace_s: float, rng: Random) -> Iterator[float]:
    t = start
    while t < end:
        yield t
        t += pace_s * rng.uniform(0.3, 1.7)


def _sent(jump: Jump, device: Device, t: float, what: str, rng: Random, loss: float) -> float | None:
    """One packet of a device; when it tries again, if it has to."""
    endpoint = device.path(t)
    is_due = t - device.session_at >= RENEW_S
    is_unanswered = device.waits_since is not None and t - device.waits_since >= UNANSWERED_S
    if what == "retry" and not is_due and not is_unanswered:
        return None
    if is_due or is_unanswered:
        if endpoint is None or rng.random() < 2 * loss:
            return t + RETRY_S + rng.random() / 3 if what != "data" else None
        jump.previous, jump.current, jump.made = jump.current, jump.made, jump.made + 1
        device.session, device.session_at, device.waits_since = jump.current, t, None
        jump.see(t, endpoint)
        jump.see(t + 0.05 + rng.random() * 0.3, endpoint, t + 0.05)
        return None
    is_read = endpoint is not None and rng.random() >= loss and device.session in (jump.current, jump.previous)
    if is_read and endpoint is not None:
        jump.see(t, endpoint)
    if what == "data":
        is_answered = is_read and device.session == jump.current and rng.random() >= loss
        device.waits_since = None if is_answered else t if device.waits_since is None else device.waits_since
    return None


@dataclass
class Telling:
    """How a jump's agent tells. `stalls`: spans in which its frames are held up, and arrive together at the end.
    `starts`: of its instances. `clock_s`: what its clock is ahead."""

    observer_id: PeerId = PARIS
    name: str = "paris"
    starts: Sequence[float] = (LONG_AGO_S,)
    stalls: Sequence[tuple[float, float]] = ()
    clock_s: float = 0.0


def told(looks: Sequence[Look], rng: Random, how: Telling | None = None, peer_id: PeerId = PEER) -> list[Observation]:
    """The looks as observations: each second one look, at once when it is urgent, else with the next heartbeat."""
    how = how or Telling(clock_s=rng.uniform(-90, 90))
    phase = rng.random()
    facts: list[Observation] = []
    before: Look | None = None
    begun = -1
    arrived = -FOR_EVER
    sampled = _sampled(looks, phase)
    for (seen, t), (_, following) in zip(sampled, [*sampled[1:], (None, FOR_EVER)], strict=True):
        is_urgent = before is not None and (
            seen.endpoint != before.endpoint or 0 < seen.handshake_at - before.handshake_at < 60
        )
        before = seen
        sent = t if is_urgent else t + rng.uniform(0, 30)
        if sent >= following:  # what is not told yet is told in its newest form
            continue
        number = sum(start <= t for start in how.starts) - 1
        begun = max(begun, number)
        way = next((end - sent for start, end in how.stalls if start <= sent < end), 0.0) + rng.uniform(0.02, 0.3)
        arrived = max(arrived + 0.001, sent + way)
        facts.append(
            Observation(
                peer_id=peer_id,
                observer=Observer(how.observer_id, how.name, at(how.starts[number])),
                frame=Frame(f"{how.observer_id}-{number}", len(facts), at(arrived)),
                seen_at=at(sent + how.clock_s),
                handshake_at=at(seen.handshake_at + how.clock_s).replace(microsecond=0),
                endpoint=seen.endpoint,
            )
        )
    return facts


def _sampled(looks: Sequence[Look], phase: float) -> list[tuple[Look, float]]:
    """The last look of each second that brought a change."""
    by_second: dict[float, Look] = {}
    for look in looks:
        by_second[math.ceil(look.t - phase) + phase] = look
    return [(look, t) for t, look in sorted(by_second.items(), key=lambda pair: pair[0])]


def at(t: float) -> datetime:
    return T0 + timedelta(seconds=t)
