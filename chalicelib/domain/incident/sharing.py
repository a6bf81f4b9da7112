"""`shared_config`, as one observer sees it: handshakes close together, and returns that no handshake explains.

Of two devices with one key each goes on with a session of its own: the peer is back at an endpoint without a handshake,
seconds after it was seen at another one. One device that was restarted, or changed its uplink with a restart of its
tunnel, can come back by a handshake only. And one device alone renews its session each 120 s, two renew theirs in
between. Neither is enough alone.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.incident.evidence import Observation
from chalicelib.domain.incident.memory import (
    MOST_ENDPOINTS,
    MOST_HANDSHAKES,
    MOST_SIGNS,
    EarlyHandshake,
    Left,
    Return,
    Watched,
    newest,
)
from chalicelib.domain.incident.rules import Rules

JUST_BEFORE = timedelta(seconds=2)  # a look each second, and handshakes dated in whole seconds
SOON_AFTER = timedelta(seconds=5)  # an endpoint moves with the initiation, which is tried again after 5 s: section 6.1
UNANSWERED_S = (
    14.0  # a device gives a session up after 15 s without an answer (section 6.2), and a look is up to 1 s late
)
HIDDEN = timedelta(seconds=30)  # the slowest flapping of uplinks that is known: the next handshake hides the one before
STEADY_SHARE = 0.8  # of the returns to one endpoint
STEADY_S = 1.5  # looks are a second apart, and their frames some tenths under way
LONGEST_AWAY_S = 60.0  # a return that is worth an alert


def first_look(fact: Observation, before: Watched | None) -> Watched:
    """What is known from a first look of an observer's instance; of what its last instance saw, only where the peer
    moved stays."""
    fresh = Watched(
        observer_id=fact.observer.id,
        name=fact.observer.name,
        started_at=fact.observer.started_at,
        instance_id=fact.frame.instance_id,
        seq=fact.frame.seq,
        at=fact.frame.at,
        seen_at=fact.seen_at,
        endpoint=fact.endpoint,
        handshake_at=fact.handshake_at,
        heard_at=fact.seen_at,
        handshakes=(fact.handshake_at,),
    )
    if before is None:
        return fresh
    kept = (before.site_v4, before.site_v6, before.site_at, before.moves, before.quiet_until)
    site_v4, site_v6, site_at, moves, quiet_until = kept
    return replace(fresh, site_v4=site_v4, site_v6=site_v6, site_at=site_at, moves=moves, quiet_until=quiet_until)


def looked(watched: Watched, fact: Observation, rules: Rules, is_quiet: bool) -> Watched:
    """Take in a newer look of the same instance. While it `is_quiet` nothing counts, and is remembered all the same."""
    settled = _with_returns_settled(watched, fact)
    after = _with_handshake(_with_endpoint(settled, fact, is_quiet), fact, rules, is_quiet)
    return replace(
        after,
        name=fact.observer.name,
        seq=fact.frame.seq,
        at=fact.frame.at,
        seen_at=fact.seen_at,
        endpoint=fact.endpoint,
    )


def early_handshakes(watched: Watched, rules: Rules) -> tuple[EarlyHandshake, ...]:
    """Those within the window."""
    return tuple(one for one in watched.early if _is_within(one.at, watched.at, rules))


def between_endpoints(early: tuple[EarlyHandshake, ...]) -> tuple[EarlyHandshake, ...]:
    """Those of a peer that was heard elsewhere just before: one device, whose session is good, makes an early handshake
    when it had no answer for 15 s, or is restarted; and a device that was restarted has no bare returns."""
    return tuple(one for one in early if one.other is not None)


def returns(watched: Watched, rules: Rules) -> tuple[Return, ...]:
    """Those within the window."""
    return tuple(one for one in watched.returns if _is_within(one.at, watched.at, rules))


def bare_returns(watched: Watched, rules: Rules) -> tuple[Return, ...]:
    """The bare returns that were quick enough: the time allowed is longer where the peer was back at many endpoints."""
    bare = [one for one in returns(watched, rules) if one.is_bare]
    in_turn = [one for one in bare if one.away_s <= rules.turn_return_s]
    if len({one.endpoint for one in in_turn}) >= rules.turn_endpoints:
        return tuple(in_turn)
    return tuple(one for one in bare if one.away_s <= rules.quick_return_s)


def steady_returns(watched: Watched, rules: Rules) -> int:
    """How many bare returns to one endpoint were away equally long, where nearly all to that endpoint were: two devices
    of which one only keeps alive come after each other like clocks, and a phone between two networks does not."""
    bare = [one for one in returns(watched, rules) if one.is_bare]
    most = 0
    for like in bare:
        there = [one for one in bare if one.endpoint == like.endpoint]
        alike = [one for one in there if abs(one.away_s - like.away_s) <= STEADY_S]
        if like.away_s <= rules.quick_return_s and len(alike) >= STEADY_SHARE * len(there):
            most = max(most, len(alike))
    return most


def _is_within(at: datetime, now: datetime, rules: Rules) -> bool:
    return now - at <= timedelta(seconds=rules.window_s)


def _with_returns_settled(watched: Watched, fact: Observation) -> Watched:
    """Decide about returns whose handshake would have been made by now."""
    settled = tuple(_settled(one, watched, fact) for one in watched.returns)
    return watched if settled == watched.returns else replace(watched, returns=settled)


def _settled(one: Return, watched: Watched, fact: Observation) -> Return:
    """A handshake at about the time of the return came with it. Before a handshake soon after, another one may have
    been made that nobody told of: then it is not taken for bare either."""
    if one.is_bare is not None:
        return one
    if any(
        one.seen_at - JUST_BEFORE <= made <= one.seen_at + SOON_AFTER
        for made in (*watched.handshakes, fact.handshake_at)
    ):
        return replace(one, is_bare=False)
    if fact.seen_at < one.seen_at + SOON_AFTER:
        return one
    is_hidden = one.seen_at < fact.handshake_at < one.seen_at + HIDDEN
    return replace(one, is_bare=not is_hidden)


def _with_endpoint(watched: Watched, fact: Observation, is_quiet: bool) -> Watched:
    if fact.endpoint == watched.endpoint:
        return watched
    others = tuple(one for one in watched.left if one.endpoint not in (fact.endpoint, watched.endpoint))
    left = newest(others, Left(watched.endpoint, watched.heard_at, fact.seen_at, fact.frame.at), MOST_ENDPOINTS)
    known = next((one for one in watched.left if one.endpoint == fact.endpoint), None)
    watched = replace(watched, left=left, heard_at=fact.seen_at)
    if known is None or is_quiet:
        return watched
    away_s = _away_s(known, fact)
    if away_s > LONGEST_AWAY_S:
        return watched
    time = max((one.time for one in watched.returns if one.endpoint == fact.endpoint), default=0) + 1
    came = Return(fact.endpoint, watched.endpoint, away_s, fact.seen_at, fact.frame.at, time)
    return replace(watched, returns=_with_return(watched.returns, came))


def _with_return(known: tuple[Return, ...], came: Return) -> tuple[Return, ...]:
    """One more return. Those that are bare give way last."""
    if len(known) < 2 * MOST_SIGNS:
        return (*known, came)
    given_up = next((one for one in known if one.is_bare is False), known[0])
    return (*(one for one in known if one is not given_up), came)


def _away_s(left: Left, fact: Observation) -> float:
    """By the observer's clock and by the gateway's, the longer: frames may be held up together, and clocks are set."""
    return max((fact.seen_at - left.seen_at).total_seconds(), (fact.frame.at - left.at).total_seconds())


def _elsewhere(watched: Watched, fact: Observation) -> tuple[str | None, float]:
    """The endpoint at which the peer was heard just before its handshake from this one, and how long before."""
    others = [one for one in watched.left if one.endpoint != fact.endpoint]
    if not others:
        return None, 0.0
    latest = max(others, key=lambda one: one.heard_at)
    heard_s = (fact.handshake_at - latest.heard_at).total_seconds()
    return (latest.endpoint, max(0.0, heard_s)) if heard_s < UNANSWERED_S else (None, 0.0)


def _with_handshake(watched: Watched, fact: Observation, rules: Rules, is_quiet: bool) -> Watched:
    if fact.handshake_at == watched.handshake_at:
        return watched
    gap_s = (fact.handshake_at - watched.handshake_at).total_seconds()
    early = watched.early
    if 0 < gap_s < rules.early_handshake_s and not is_quiet:
        other, heard_s = _elsewhere(watched, fact)
        sign = EarlyHandshake(fact.endpoint, other, gap_s, heard_s, fact.frame.at)
        early = newest(early, sign, MOST_SIGNS)
    return replace(
        watched,
        early=early,
        handshake_at=fact.handshake_at,
        heard_at=max(watched.heard_at, fact.handshake_at),
        handshakes=newest(watched.handshakes, fact.handshake_at, MOST_HANDSHAKES),
    )
