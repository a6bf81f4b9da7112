"""`session_conflict`: two instances of one agent alive at once, proved by the nonces they echo.

An answer carries a nonce, and only who was alive after it was issued can echo it. Two instances that both echo nonces
issued well after the later of them appeared were alive beside each other. A restart never looks so: the instance before
is gone when the next one first speaks, however late its last frames arrive. All that is kept is a least or a greatest
time, so frames may come lost, twice, late or in any order.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

from chalicelib.domain.incident.evidence import Heartbeat
from chalicelib.domain.incident.finding import Line, Question, Rule, Sign
from chalicelib.domain.incident.memory import MOST_INSTANCES, Instance, Memory
from chalicelib.domain.incident.rules import Rules

ASK_AGAIN = timedelta(seconds=2)  # gateways' clocks differ by less


def heard(memory: Memory, fact: Heartbeat, rules: Rules) -> tuple[Memory, Sign | None, Question | None]:
    """Take in a frame. A question follows where the peer's agents' answers would prove something."""
    before = next((one for one in memory.instances if one.id == fact.frame.instance_id), None)
    instance = _later(before, fact)
    others = [one for one in memory.instances if one.id != instance.id]
    kept = sorted((*others, instance), key=lambda one: one.last_at)[-MOST_INSTANCES:]
    if instance not in kept:  # a late frame of one that was given up
        return memory, None, None
    instances = tuple(sorted(kept, key=lambda one: (one.first_at, one.id)))
    overlap = timedelta(seconds=rules.overlap_s)
    pair = next((pair for pair in combinations(instances, 2) if instance in pair and _coexist(*pair, overlap)), None)
    is_news = before is None or (instance.echo, instance.first_at) != (before.echo, before.first_at)
    sign = _sign(*pair, fact) if pair is not None and is_news else None
    is_newcomer = before is None and bool(others)
    question = Question(memory.peer_id, overlap + ASK_AGAIN) if is_newcomer else None
    return replace(memory, instances=instances), sign, question


def _later(before: Instance | None, fact: Heartbeat) -> Instance:
    at, echo = fact.frame.at, fact.echo_issued_at
    if before is None:
        return Instance(fact.frame.instance_id, at, at, echo)
    echoes = [one for one in (before.echo, echo) if one is not None]
    return Instance(before.id, min(before.first_at, at), max(before.last_at, at), max(echoes, default=None))


def _coexist(elder: Instance, newcomer: Instance, overlap: timedelta) -> bool:
    """Whether both echoed nonces that were issued `overlap` after the later of them appeared: both were alive all
    that time."""
    if elder.echo is None or newcomer.echo is None:
        return False
    return min(elder.echo, newcomer.echo) > max(elder.first_at, newcomer.first_at) + overlap


def _sign(elder: Instance, newcomer: Instance, fact: Heartbeat) -> Sign:
    alive_s = min(_echo_s(elder, newcomer), _echo_s(newcomer, newcomer))
    summary = f"Two agents run with this peer's identity at the same time, for at least {alive_s:.0f} s."
    return Sign(
        Rule.TWO_INSTANCES,
        fact.frame.at,
        summary,
        (
            Line(elder.first_at, f"instance {elder.id[:8]} spoke first", instance_id=elder.id),
            Line(newcomer.first_at, f"instance {newcomer.id[:8]} appeared beside it", instance_id=newcomer.id),
            Line(
                elder.last_at,
                f"instance {elder.id[:8]} answered what it was sent {_echo_s(elder, newcomer):.0f} s after the other "
                "appeared, so it was still running",
                instance_id=elder.id,
            ),
            Line(
                newcomer.last_at,
                f"instance {newcomer.id[:8]} answered what it was sent {_echo_s(newcomer, newcomer):.0f} s after it "
                "appeared, so it is running as well",
                instance_id=newcomer.id,
            ),
        ),
        newcomer=newcomer.id,
    )


def _echo_s(instance: Instance, newcomer: Instance) -> float:
    assert instance.echo is not None
    return (instance.echo - newcomer.first_at).total_seconds()
