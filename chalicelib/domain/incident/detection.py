"""The detector: one function of what is remembered, a fact and the rules.

Each fact costs the same, however large the network is, and however long the peer exists. Nothing is concluded from
silence, and only one rule that is off by default concludes from an address alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from chalicelib.domain.incident import activity, denial, sessions, sharing
from chalicelib.domain.incident.evidence import Fact, Heartbeat, Lifecycle, LifecycleKind, Observation, Statement
from chalicelib.domain.incident.finding import RULES, Finding, Line, Question, Rule, Sign, joined, ordinal
from chalicelib.domain.incident.memory import EarlyHandshake, Memory, Opened, Return, Watched
from chalicelib.domain.incident.rules import Reaction, Rules

STEADY = 3  # times as many returns prove more than where the handshakes came from, if they are like clockwork
MANY_EARLY = 2  # times as many early handshakes are worth an alert without a return
MOST_TOLD = 50  # findings of one incident; its timeline is long enough then

Verdict = Finding | Question


def detect(memory: Memory, fact: Fact, rules: Rules) -> tuple[Memory, tuple[Verdict, ...]]:
    """What is remembered after the fact, and what was found by it.

    Args:
        memory: of the fact's peer; `Memory(peer_id)` where nothing is known of it.
    """
    match fact:
        case Lifecycle():
            return _lived(memory, fact, rules), ()
        case Heartbeat():
            if _is_history(memory, fact):
                return memory, ()
            after, conflict, question = sessions.heard(memory, fact, rules)
            after, flapping = activity.spoke(after, fact, rules)
            return _told(after, (conflict, flapping), question, rules)
        case Statement():
            if _is_history(memory, fact):
                return memory, ()
            after, denied, question = denial.stated(memory, fact, rules)
            return _told(after, (denied,), question, rules)
        case Observation():
            return _observed(memory, fact, rules)
        case _:
            assert_never(fact)


def _is_history(memory: Memory, fact: Heartbeat | Statement | Observation) -> bool:
    return memory.since is not None and fact.frame.at <= memory.since


def _lived(memory: Memory, fact: Lifecycle, rules: Rules) -> Memory:
    """Restoring and re-keying make everything before them history."""
    until = fact.at + timedelta(seconds=rules.quiet_s)
    if fact.kind in (LifecycleKind.RESTORED, LifecycleKind.REKEYED):
        is_newer = memory.since is None or fact.at > memory.since
        return Memory(memory.peer_id, since=fact.at, quiet_until=until) if is_newer else memory
    if fact.observer_id is None:
        return replace(memory, quiet_until=max(until, memory.quiet_until or until))
    watched = memory.seen_by(fact.observer_id)
    if watched is None:
        return memory
    return memory.with_watched(replace(watched, quiet_until=max(until, watched.quiet_until or until)))


def _observed(memory: Memory, fact: Observation, rules: Rules) -> tuple[Memory, tuple[Verdict, ...]]:
    before = memory.seen_by(fact.observer.id)
    if _is_history(memory, fact) or (before is not None and _is_older(before, fact)):
        return memory, ()
    if before is None or before.instance_id != fact.frame.instance_id:
        watched = sharing.first_look(fact, before)
    else:
        watched = sharing.looked(before, fact, rules, _is_quiet(memory, before, fact, rules))
    watched, signs = activity.moved(watched, fact, rules)
    turns = _turns(before, watched, rules)
    return _told(memory.with_watched(watched), (turns, *signs), None, rules)


def _is_older(before: Watched, fact: Observation) -> bool:
    if before.instance_id == fact.frame.instance_id:
        return fact.frame.seq <= before.seq
    return fact.observer.started_at <= before.started_at


def _is_quiet(memory: Memory, watched: Watched, fact: Observation, rules: Rules) -> bool:
    ends = [watched.started_at + timedelta(seconds=rules.quiet_s), memory.quiet_until, watched.quiet_until]
    return any(end is not None and fact.frame.at < end for end in ends)


def _turns(before: Watched | None, watched: Watched, rules: Rules) -> Sign | None:
    """What handshakes and returns of one observer amount to, when one was added."""
    if before is None or (before.early, before.returns) == (watched.early, watched.returns):
        return None
    early = sharing.early_handshakes(watched, rules)
    crossing, bare = sharing.between_endpoints(early), sharing.bare_returns(watched, rules)
    is_steady = sharing.steady_returns(watched, rules) >= STEADY * rules.bare_returns
    crossing = early if is_steady else crossing
    if len(crossing) >= rules.early_handshakes and len(bare) >= rules.bare_returns:
        summary = (
            f"Several devices use this peer's key by turns. Within {rules.window_s / 60:.0f} min jump {watched.name} "
            f"saw {len(crossing)} handshakes less than {rules.early_handshake_s} s after the last, and "
            f"{len(bare)} returns without a handshake. If this is a pair of routers: stop the tunnel on the standby."
        )
        return _sign(Rule.TAKING_TURNS, watched, crossing, bare, summary)
    every = sharing.returns(watched, rules)
    if len(early) >= rules.early_handshakes and len(every) >= rules.bare_returns:
        summary = (
            f"Jump {watched.name} saw this peer shake hands early and change between endpoints. That may be one device "
            "with two uplinks, or several devices."
        )
        return _sign(Rule.UNCONFIRMED_TURNS, watched, early, every, summary)
    if len(early) >= MANY_EARLY * rules.early_handshakes:
        summary = (
            f"Jump {watched.name} saw this peer shake hands early, {len(early)} times. That may be a bad link, a "
            "device that restarts, or an idle copy of a busy device."
        )
        return _sign(Rule.EARLY_HANDSHAKES, watched, early, (), summary)
    return None


def _sign(rule: Rule, watched: Watched, early: Iterable[EarlyHandshake], came: Iterable[Return], summary: str) -> Sign:
    lines = [*(_handshake_line(watched, one) for one in early), *(_return_line(watched, one) for one in came)]
    return Sign(rule, watched.at, summary, joined(lines), watched.observer_id)


def _handshake_line(watched: Watched, one: EarlyHandshake) -> Line:
    place = "" if one.other is None else f", and {one.heard_s:.0f} s after it was at {one.other}"
    text = f"jump {watched.name} shook hands with it at {one.endpoint}, {one.gap_s:.0f} s after a handshake{place}"
    return Line(one.at, text, watched.observer_id, one.endpoint)


def _return_line(watched: Watched, one: Return) -> Line:
    how = ", without a handshake" if one.is_bare else ""
    times = "" if one.time == 1 else f", for the {ordinal(one.time)} time"
    text = f"jump {watched.name} saw it at {one.endpoint}, {one.away_s:.0f} s after {one.other}{times}{how}"
    return Line(one.at, text, watched.observer_id, one.endpoint)


def _told(
    memory: Memory, signs: Iterable[Sign | None], question: Question | None, rules: Rules
) -> tuple[Memory, tuple[Verdict, ...]]:
    """Findings of the signs that are not told yet: the first of a type, its proof after an alert, and what joins it."""
    verdicts: list[Verdict] = []
    for sign in signs:
        if sign is None:
            continue
        kind, is_proof, names = RULES[sign.rule]
        if rules.reaction(kind) is Reaction.OFF:
            continue
        known = memory.found(kind)
        if known is not None and known.told >= MOST_TOLD and is_proof <= known.is_proof:
            continue
        is_later = known is not None and is_proof <= known.is_proof
        told = Opened(kind, is_proof or (known is not None and known.is_proof), 1 + (known.told if known else 0))
        memory = replace(memory, opened=(*(one for one in memory.opened if one.type is not kind), told))
        verdicts.append(
            Finding(
                peer_id=memory.peer_id,
                type=kind,
                rule=sign.rule,
                at=sign.at,
                is_proof=is_proof,
                is_later=is_later,
                summary=sign.summary,
                lines=sign.lines[-1:] if is_later else sign.lines,
                thresholds=rules.thresholds(names),
                observer_id=sign.observer_id,
                newcomer=sign.newcomer,
            )
        )
    if question is not None:
        verdicts.append(question)
    return memory, tuple(verdicts)
