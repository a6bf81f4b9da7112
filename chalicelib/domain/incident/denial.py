"""`shared_config` of a peer with an agent: handshakes that a jump completed and its agent did not make.

Both sides give times by their own clocks, and a frame may be under way for a while: a host that falls asleep sends its
last one when it wakes. So no time is compared alone. The agent's list is moved against the jump's by up to
`LONGEST_WAY_S` either way, and what it leaves out in the best of all positions was made by another device. And it takes
two statements, for one frame may be later still.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.incident.evidence import Statement
from chalicelib.domain.incident.finding import Line, Question, Rule, Sign
from chalicelib.domain.incident.memory import MOST_DENIALS, Denial, Memory, Watched, newest
from chalicelib.domain.incident.rules import Rules

LONGEST_WAY_S = 120
KEPT = timedelta(minutes=20)  # a regular agent speaks each 9 minutes, so two statements are no further apart
MOST_OWN = 64  # as many as a frame holds; more are no statement of all
ASK_SOON = timedelta(seconds=15)  # the next statement is another frame, and covers what this one did


def stated(memory: Memory, fact: Statement, rules: Rules) -> tuple[Memory, Sign | None, Question | None]:
    """Take in a statement. The first one that denies asks for another."""
    made_of = fact.own.made
    if sum(len(times) for times in made_of.values()) >= MOST_OWN or _is_known(memory, fact):
        return memory, None, None
    denials = tuple(one for one in memory.denials if fact.frame.at - one.at <= KEPT)
    sign: Sign | None = None
    is_first = False
    for watched in memory.watched:
        counted = _counted(memory, watched, rules)
        count = _denied(counted, fact, made_of.get(watched.observer_id, ()), rules)
        if count < rules.denied_handshakes:
            continue
        earlier = next((one for one in denials if one.observer_id == watched.observer_id), None)
        denial = Denial(watched.observer_id, fact.frame.instance_id, fact.frame.seq, fact.frame.at, count)
        denials = newest(denials, denial, MOST_DENIALS)
        is_first = is_first or earlier is None
        if earlier is not None:
            sign = _sign(watched, earlier, denial)
    question = Question(memory.peer_id, ASK_SOON) if is_first else None
    return replace(memory, denials=denials), sign, question


def _is_known(memory: Memory, fact: Statement) -> bool:
    """Whether the frame was counted, or an instance said something newer: then it is history."""
    frame = fact.frame
    return any(one.instance_id == frame.instance_id and one.seq >= frame.seq for one in memory.denials)


def _counted(memory: Memory, watched: Watched, rules: Rules) -> list[datetime]:
    """The observer's handshakes outside quiet times, by the gateway's clock, the frame's way included."""
    way = watched.at - watched.seen_at
    quiet = timedelta(seconds=rules.quiet_s)
    ends = [watched.started_at + quiet, memory.quiet_until, watched.quiet_until]
    quiet_until = max(end for end in ends if end is not None)
    times = sorted(made + way for made in watched.handshakes)
    return [made for made in times if made > quiet_until]


def _denied(handshakes: Sequence[datetime], fact: Statement, own: Sequence[datetime], rules: Rules) -> int:
    """How many handshakes the statement leaves out wherever it is moved to."""
    tolerance_s = float(rules.denial_tolerance_s)
    end = fact.frame.at
    ages = [(end - made).total_seconds() for made in handshakes]
    own_ages = [(end - made).total_seconds() for made in own]
    covered_s = (end - fact.own.since).total_seconds() - tolerance_s
    least = len(ages)
    for moved_s in _positions(tolerance_s):
        left_out = [
            age
            for age in (age + moved_s for age in ages)
            if tolerance_s <= age <= covered_s and not any(abs(age - one) <= tolerance_s for one in own_ages)
        ]
        least = min(least, len(left_out))
        if least < rules.denied_handshakes:
            return least
    return least


def _positions(tolerance_s: float) -> list[float]:
    """From none to the farthest, so close that no match falls between."""
    steps = int(LONGEST_WAY_S / (tolerance_s / 2))
    return [sign * step * tolerance_s / 2 for step in range(steps + 1) for sign in ((1, -1) if step else (1,))]


def _sign(watched: Watched, earlier: Denial, denial: Denial) -> Sign:
    summary = f"Another device shakes hands with jump {watched.name} by this peer's key; its own agent did not."
    return Sign(
        Rule.DENIED_HANDSHAKES,
        denial.at,
        summary,
        (
            _line(watched, earlier),
            Line(denial.at, f"asked again, it left out at least {denial.count}", watched.observer_id),
        ),
        watched.observer_id,
    )


def _line(watched: Watched, denial: Denial) -> Line:
    left_out = f"left out at least {denial.count} that jump {watched.name} completed"
    return Line(denial.at, f"the peer's agent named all handshakes it made, and {left_out}", watched.observer_id)
