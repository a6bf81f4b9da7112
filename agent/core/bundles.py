"""Bundles: when to fetch one, and what to do with it; pure.

Only a newer (generation, revision) is applied. Hints that arrive while the agent is at work are
answered by one more fetch afterwards. A fetch may take long, and holds up no work on the host: its
bundle waits until the host is free.
"""

import logging
from dataclasses import replace
from typing import Literal, assert_never

from agent.bundle.received import Fetched, Version
from agent.core import healing, link
from agent.core.effects import Apply, Effect, Fetch, Log, SetTimer, Try
from agent.core.events import BundleEvent, BundleFetched, BundleUnchanged, FetchFailed
from agent.core.state import NEVER, Following, Session, State, Step, Work, then
from agent.core.timers import Timer
from agent.core.waiting import FULL_FETCH_S, MOST_SPREAD_S, around, backed_off

FetchTimer = Literal[Timer.FETCH, Timer.TURN, Timer.FULL_FETCH]


def handle(state: State, event: BundleEvent) -> Step:
    match event:
        case BundleFetched():
            return _fetched(link.contacted(state, event.at_s), event.fetched), ()
        case BundleUnchanged():
            return _unchanged(link.contacted(state, event.at_s))
        case FetchFailed():
            failed = _fetch_failed(state, event)
            return then(failed, lambda after: link.session_judged(after, event.status, event.at_s))
        case _:
            assert_never(event)


def fired(state: State, timer: FetchTimer) -> Step:
    match timer:
        case Timer.FETCH:
            return released(state), ()
        case Timer.TURN:
            return _with(state, replace(state.following, is_in_turn=False)), ()
        case Timer.FULL_FETCH:
            return _full_due(state), (around(timer, FULL_FETCH_S),)
        case _:
            assert_never(timer)


def started(state: State, saved: Fetched | None, at_s: float) -> Step:
    """Bring the tunnel up from the last good bundle, before any contact with the control plane."""
    if saved is None:
        return state, ()
    following = replace(state.following, work=Work.APPLYING, good=saved, kept=saved)
    return _with(state, replace(following, target=saved, target_at_s=at_s)), (Apply(saved),)


def hinted(state: State, wanted: Version, at_s: float, within_s: float = 0.0) -> Step:
    """The control plane named a version: fetch a newer one at once, or at a random moment of the next `within_s`
    seconds, if many agents are told the same."""
    following = state.following
    if wanted <= following.wanted:
        return state, ()
    since, is_new = following.hinted_at_s, wanted > _newest(following)
    if since is None and is_new:  # else nothing is to be fetched, and no time runs
        since = at_s
    is_waiting = following.is_in_turn or not _is_behind(following)
    is_in_turn = is_new and within_s > 0 and is_waiting
    hinted = replace(following, wanted=wanted, hinted_at_s=since, is_in_turn=is_in_turn)
    begins = is_in_turn and not following.is_in_turn
    return _with(state, hinted), (SetTimer(Timer.TURN, 0.0, min(within_s, MOST_SPREAD_S)),) if begins else ()


def released(state: State) -> State:
    """A fetch waits no longer: its back-off is over, or the control plane is back."""
    return _with(state, replace(state.following, is_held=False))


def peer_deleted(state: State, retry_in_s: float) -> Step:
    """The control plane said that this peer is deleted: ask for the whole bundle, whose answer is the tombstone. Where
    many are deleted together, each asks after the wait that it was told."""
    asking = _full_due(state)
    if not retry_in_s:
        return released(asking), ()
    return _with(asking, replace(asking.following, is_held=True)), (backed_off(Timer.FETCH, 1, retry_in_s),)


def pursue(state: State, at_s: float) -> Step:
    """While the host is free: look at it if others changed it, else take up what was fetched, else fetch if there is a
    reason to."""
    following = state.following
    if following.work is not Work.IDLE:
        return state, ()
    if following.is_disturbed:
        return healing.look(_with(state, replace(following, is_disturbed=False)), at_s)
    if following.arrived is not None:
        return _taken(state, following.arrived)
    is_free = not following.is_fetching and not following.is_held and state.link.session is Session.OPEN
    if following.trial is not None and following.trial.is_back:  # first it must be known which of the two is to blame
        return state, ()
    is_hinted = _is_behind(following) and not following.is_in_turn
    is_due = following.is_full_due or is_hinted or _newest(following) == NEVER
    if not (is_free and is_due):
        return state, ()
    asked_at_s = following.hinted_at_s if following.hinted_at_s is not None else at_s
    fetching = replace(following, is_fetching=True, hinted_at_s=None, asked_at_s=asked_at_s, is_in_turn=False)
    is_full = following.is_full_due or following.applied == NEVER
    return _with(state, fetching), (Fetch(since=None if is_full else following.applied),)


def _fetched(state: State, got: Fetched) -> State:
    """`pursue` takes it up when the host is free."""
    return _with(state, replace(state.following, arrived=got, is_full_due=False))


def _taken(state: State, got: Fetched) -> Step:
    """Apply what was fetched, unless it is of another peer, older, known, refused, or in doubt."""
    following = replace(state.following, arrived=None, is_fetching=False)
    fields = {"generation": got.version.generation, "revision": got.version.revision}
    if (got.bundle.network_id, got.bundle.peer_id) != (state.network_id, state.peer_id):
        idle = _with(state, following)
        return _without_progress(idle, (Log(logging.ERROR, "bundle_of_another_peer", fields),))
    if got.version < following.applied:
        refused: Effect = Log(logging.WARNING, "older_bundle_refused", fields)
        return _without_progress(_with(state, following), (refused,))
    trial = following.trial
    is_known = got.version == following.applied and got.hash == following.applied_hash
    is_in_doubt = trial is not None and trial.is_back and got.version == trial.fetched.version
    if is_known or is_in_doubt or got.version == following.refused:
        return _without_progress(_with(state, following))
    drift: tuple[Effect, ...] = ()
    if got.version == following.applied:
        drift = (Log(logging.WARNING, "bundle_drifted", fields),)
    applying = replace(
        following,
        work=Work.APPLYING,
        target=got,
        target_at_s=following.asked_at_s,
        asked_at_s=None,
        apply_failures=0,
        fetch_failures=0,
    )
    return _with(state, applying), (*drift, Try(got, following.good))


def _unchanged(state: State) -> Step:
    return _without_progress(_with(state, replace(state.following, is_fetching=False, is_full_due=False)))


def _fetch_failed(state: State, event: FetchFailed) -> Step:
    failures = state.following.fetch_failures + 1
    following = replace(state.following, is_fetching=False, is_held=True, fetch_failures=failures)
    noted, effects = link.outage(_with(state, following), event.reason, event.at_s)
    return noted, (*effects, backed_off(Timer.FETCH, failures, event.retry_after_s))


def _full_due(state: State) -> State:
    return _with(state, replace(state.following, is_full_due=True))


def _is_behind(following: Following) -> bool:
    return following.wanted > _newest(following)


def _newest(following: Following) -> Version:
    target = following.target.version if following.target is not None else NEVER
    return max(following.applied, following.refused, target)


def _without_progress(state: State, effects: tuple[Effect, ...] = ()) -> Step:
    """The answer did not hold the version that was promised: ask again later."""
    following = state.following
    if following.wanted <= _newest(following) and _newest(following) != NEVER:
        return _with(state, replace(following, fetch_failures=0, asked_at_s=None)), effects
    failures = following.fetch_failures + 1
    held = replace(following, is_held=True, fetch_failures=failures)
    return _with(state, held), (*effects, backed_off(Timer.FETCH, failures))


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
