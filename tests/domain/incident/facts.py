"""Facts for tests: only what matters is said. Times are seconds from T0, an hour after the observer began."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from chalicelib.domain.ids import PeerId
from chalicelib.domain.incident.detection import detect
from chalicelib.domain.incident.evidence import Fact, Frame, Heartbeat, HostIdentity, Observation, Observer, Statement
from chalicelib.domain.incident.finding import Finding, Question
from chalicelib.domain.incident.memory import Memory
from chalicelib.domain.incident.rules import DEFAULTS, Rules
from chalicelib.domain.peer.presence import OwnHandshakes
from tests.builders import T0

PEER = PeerId("dyn_laptop")
PARIS = Observer(PeerId("jmp_paris"), "paris", T0 - timedelta(hours=1))
HOME, CAFE, LTE = "198.51.100.7:51820", "203.0.113.9:40112", "192.0.2.44:2206"


def at(t: float) -> Any:
    return T0 + timedelta(seconds=t)


def a_look(
    t: float,
    endpoint: str = HOME,
    handshake: float = -100,
    *,
    seq: int | None = None,
    observer: Observer = PARIS,
    instance: str = "p",
    arrives: float | None = None,
) -> Observation:
    """`seq`: in the order of `t` unless it is said; `arrives`: at once."""
    frame = Frame(instance, int(t * 10) + 100_000 if seq is None else seq, at(t if arrives is None else arrives))
    return Observation(PEER, observer, frame, at(t), at(handshake), endpoint)


def a_beat(
    t: float, instance: str = "a", echo: float | None = None, seq: int | None = None, host: HostIdentity | None = None
) -> Heartbeat:
    frame = Frame(instance, int(t * 10) + 100_000 if seq is None else seq, at(t))
    return Heartbeat(PEER, frame, None if echo is None else at(echo), host)


def a_statement(t: float, made: Iterable[float], since: float = -600, seq: int | None = None) -> Statement:
    """Of the handshakes with Paris."""
    frame = Frame("a", int(t * 10) + 100_000 if seq is None else seq, at(t))
    return Statement(PEER, frame, OwnHandshakes(at(since), {PARIS.id: tuple(at(one) for one in made)}))


def told(
    facts: Iterable[Fact], rules: Rules = DEFAULTS, memory: Memory | None = None
) -> tuple[Memory, list[Finding | Question]]:
    """What is remembered after facts, and all verdicts."""
    after, every = memory or Memory(PEER), list[Finding | Question]()
    for fact in facts:
        after, verdicts = detect(after, fact, rules)
        every += verdicts
    return after, every


def findings(facts: Iterable[Fact], rules: Rules = DEFAULTS) -> list[Finding]:
    return [one for one in told(facts, rules)[1] if isinstance(one, Finding)]


def a_pair(until: float = 300, begin: float = 0) -> list[Observation]:
    """Two idle devices ten seconds apart, which renew their sessions each 125 s."""
    facts = []
    for turn in range(int((until - begin) / 25)):
        t, renewed = begin + turn * 25, begin + turn // 5 * 125
        earlier = renewed + 10 if turn % 5 else renewed
        facts += [a_look(t, HOME, earlier), a_look(t + 10, CAFE, renewed + 10)]
    return facts
