"""Runs of one peer's agent, the gateway that answers them, and the detector among them: its questions are asked."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.detection import detect
from chalicelib.domain.incident.evidence import Fact, Frame, Heartbeat, HostIdentity, Statement
from chalicelib.domain.incident.finding import Finding, Question
from chalicelib.domain.incident.memory import Memory
from chalicelib.domain.incident.rules import DEFAULTS, Rules
from chalicelib.domain.peer.presence import own_handshakes
from tests.traces.wireguard import FOR_EVER, PARIS, at

AGENT = PeerId("dyn_laptop")
NUMBERS = count()


@dataclass
class Run:
    """One instance, alive from `start` to `end`. `late_s`: how long its frames are under way, at most; `held`: spans in
    which they are held up until the end. `lost`: the share of answers it never gets. `made`: when its host made
    handshakes with the jump; None: it does not say."""

    name: str
    start: float
    end: float = FOR_EVER
    pace_s: float = 540.0
    late_s: float = 0.3
    lost: float = 0.0
    host: HostIdentity | None = None
    made: Sequence[float] | None = None
    held: Sequence[tuple[float, float]] = ()
    seq: int = 0
    nonce_at: float | None = None


Due = list[tuple[float, int, str, Fact | Run]]


@dataclass
class Tale:
    """What was told to the detector, in order, and what it answered."""

    facts: list[Fact] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    memory: Memory = field(default_factory=lambda: Memory(AGENT))


def ran(
    runs: Sequence[Run], duration_s: float, rng: Random, seen: Sequence[Fact] = (), rules: Rules = DEFAULTS
) -> Tale:
    """The runs beside what jumps saw, both in the order in which the gateway had them."""
    tale = Tale()
    due: Due = []
    for run in runs:
        _push(due, run.start, "beat", run)
    for fact in seen:
        _push(due, _arrival(fact), "fact", fact)
    while due and due[0][0] < duration_s:
        t, _, what, item = heapq.heappop(due)
        if isinstance(item, Run):
            _spoke(due, item, t, what, rng)
            continue
        for question in _take(tale, item, rules):
            for run in runs:
                _push(due, t + question.after.total_seconds() + rng.random(), "asked", run)
    return tale


def _spoke(due: Due, run: Run, t: float, what: str, rng: Random) -> None:
    if not run.start <= t < run.end:
        return
    if what == "beat":
        _push(due, t + run.pace_s * rng.uniform(0.8, 1.0), "beat", run)
    else:
        run.nonce_at = t
    for fact, arrival in _frames(run, t, rng):
        _push(due, arrival, "fact", fact)


def _push(due: Due, t: float, what: str, item: Fact | Run) -> None:
    heapq.heappush(due, (t, next(NUMBERS), what, item))


def _frames(run: Run, t: float, rng: Random) -> list[tuple[Fact, float]]:
    """A heartbeat, and a statement when it says what it made; with the arrival of each."""
    held = next((end - t for start, end in run.held if start <= t < end), 0.0)
    arrival = t + held + rng.uniform(0.02, run.late_s)
    run.seq += 1
    frame = Frame(run.name, run.seq, at(arrival))
    echo = None if run.nonce_at is None else at(run.nonce_at)
    facts: list[tuple[Fact, float]] = [(Heartbeat(AGENT, frame, echo, run.host), arrival)]
    if run.made is not None:
        watched = min(600.0, t - run.start)
        ages = [(PARIS, at(t) - at(made)) for made in run.made if t - watched <= made <= t]
        own = own_handshakes(at(t) - at(t - watched), ages, at(arrival))
        facts.append((Statement(AGENT, frame, own), arrival + 0.001))
    if rng.random() >= run.lost and arrival < run.end:
        run.nonce_at = arrival
    return facts


def _take(tale: Tale, fact: Fact, rules: Rules) -> Sequence[Question]:
    tale.facts.append(fact)
    tale.memory, verdicts = detect(tale.memory, fact, rules)
    tale.findings += [verdict for verdict in verdicts if isinstance(verdict, Finding)]
    return [verdict for verdict in verdicts if isinstance(verdict, Question)]


def _arrival(fact: Fact) -> float:
    when = fact.at if not hasattr(fact, "frame") else fact.frame.at
    return (when - at(0)).total_seconds()


def hosts(rng: Random, number: int) -> Sequence[HostIdentity]:
    return [HostIdentity(f"pod-{rng.randrange(10**9)}", "Debian 12", f"machine{i}") for i in range(number)]
