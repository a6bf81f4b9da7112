"""From hint to report: when to fetch, what to apply, what to say of it; pure.

Only a newer (generation, revision) is applied. Hints that arrive while the agent is at work
are answered by one more fetch afterwards.
"""

import logging
from dataclasses import replace

from agent.decisions.link import outage
from agent.effects import Apply, Effect, Fetch, Log, Post, Reconcile, Save, Send, SetTimer, Try
from agent.events import ApplyFailed, BundleApplied, BundleFetched, BundleSaved, FetchFailed, SaveFailed, Timer
from agent.ports import Made
from agent.received import Fetched, Version
from agent.state import NEVER, Following, Session, Socket, State, Step, Work
from agent.waiting import MOST_SPREAD_S, RECONCILE_S, SAVE_AGAIN_S, UNRESOLVED_RECONCILE_S, around, backed_off
from chalicelib.wire.frames import Applied

ERROR_CHARS = 300
JUST_S = 30.0


def started(state: State, saved: Fetched | None) -> Step:
    """The tunnel comes up from the last good bundle before any contact."""
    if saved is None:
        return state, ()
    return _with(state, replace(state.following, work=Work.APPLYING, target=saved, good=saved)), (Apply(saved),)


def hinted(state: State, wanted: Version, at_s: float, within_s: float = 0.0) -> Step:
    """Something newer is to be fetched: at once, or `within_s` when many are told the same."""
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


def in_turn(state: State) -> State:
    return _with(state, replace(state.following, is_in_turn=False))


def full_due(state: State) -> State:
    return _with(state, replace(state.following, is_full_due=True))


def released(state: State) -> State:
    """A fetch need not wait any longer: its back-off is over, or the control plane is back."""
    return _with(state, replace(state.following, is_held=False))


def pursue(state: State, at_s: float) -> Step:
    """Fetch, if there is a reason and nothing in the way; but a host that others changed comes first."""
    following = state.following
    if following.is_disturbed and following.work is Work.IDLE:
        return look(_with(state, replace(following, is_disturbed=False)), at_s)
    is_free = following.work is Work.IDLE and not following.is_held and state.link.session is Session.OPEN
    if following.trial is not None and following.trial.is_back:  # until it is said who is to blame
        return state, ()
    is_hinted = _is_behind(following) and not following.is_in_turn
    is_due = following.is_full_due or is_hinted or _newest(following) == NEVER
    if not (is_free and is_due):
        return state, ()
    asked_at_s = following.hinted_at_s if following.hinted_at_s is not None else at_s
    fetching = replace(following, work=Work.FETCHING, hinted_at_s=None, asked_at_s=asked_at_s, is_in_turn=False)
    is_full = following.is_full_due or following.applied == NEVER
    return _with(state, fetching), (Fetch(since=None if is_full else following.applied),)


def report(state: State) -> Step:
    """Say what came of the last bundle, by whatever way is open.

    Of one on trial by REST, whose answer proves that the control plane can be reached: what
    comes from a socket may have been on its way before.
    """
    unreported = state.following.unreported
    if unreported is None:
        return state, ()
    said = _with(state, replace(state.following, unreported=None))
    if state.link.socket is Socket.UP and state.following.trial is None:
        return said, (Send(state.link.number, unreported),)
    if state.link.session is Session.OPEN:
        return said, (Post(unreported),)
    return state, ()


def fetched(state: State, event: BundleFetched) -> Step:
    following = replace(state.following, work=Work.IDLE, is_full_due=False)
    got = event.fetched
    fields = {"generation": got.version.generation, "revision": got.version.revision}
    if (got.bundle.network_id, got.bundle.peer_id) != (state.network_id, state.peer_id):
        idle = _with(state, following)
        return _without_progress(idle, (Log(logging.ERROR, "bundle_of_another_peer", fields),))
    if got.version < following.applied:
        refused: Effect = Log(logging.WARNING, "older_bundle_refused", fields)
        return _without_progress(_with(state, following), (refused,))
    is_known = got.version == following.applied and got.hash == following.applied_hash
    if is_known or got.version == following.refused:
        return _without_progress(_with(state, following))
    drift: tuple[Effect, ...] = ()
    if got.version == following.applied:
        drift = (Log(logging.WARNING, "bundle_drifted", fields),)
    applying = replace(following, work=Work.APPLYING, target=got, apply_failures=0, fetch_failures=0)
    return _with(state, applying), (*drift, Try(got, following.good))


def unchanged(state: State) -> Step:
    return _without_progress(_with(state, replace(state.following, work=Work.IDLE, is_full_due=False)))


def fetch_failed(state: State, event: FetchFailed) -> Step:
    failures = state.following.fetch_failures + 1
    following = replace(state.following, work=Work.IDLE, is_held=True, fetch_failures=failures)
    noted, effects = outage(_with(state, following), event.reason, event.at_s)
    return noted, (*effects, backed_off(Timer.FETCH, failures))


def applied(state: State, event: BundleApplied) -> Step:
    """A bundle from the disk needs no report: hello names it. One on trial is kept once it is proved."""
    got, following = event.fetched, state.following
    is_from_disk = following.asked_at_s is None
    done = replace(
        following,
        work=Work.IDLE,
        applied=got.version,
        applied_hash=got.hash,
        target=None,
        good=following.good if event.is_on_trial else got,
        asked_at_s=None,
        apply_failures=0,
        fetch_failures=0,
        made=event.made,
        last_error=None,
        refusal=None if got.version > following.refused else following.refusal,
        unreported=None if is_from_disk else _report(following, got, event.at_s),
    )
    fields = {
        "generation": got.version.generation,
        "revision": got.version.revision,
        "changed": event.made.is_changed,
        "conflicts": list(event.made.conflicts),
        "ms": _elapsed_ms(following, event.at_s),
    }
    effects: tuple[Effect, ...] = (Log(logging.INFO, "bundle_applied", fields), next_look(event.made))
    is_kept = is_from_disk or event.is_on_trial
    return _with(state, done), effects if is_kept else (Save(got), *effects)


def apply_failed(state: State, event: ApplyFailed) -> Step:
    """A wrong bundle waits for its successor; a host that refuses is asked again."""
    got, following = event.fetched, state.following
    failures = following.apply_failures + 1
    fields = {"generation": got.version.generation, "revision": got.version.revision, "error": event.error}
    failed = replace(following, work=Work.IDLE, apply_failures=failures, last_error=event.error)
    if failures == 1 and following.asked_at_s is not None:
        failed = replace(failed, unreported=_report(following, got, event.at_s, event.error))
    if event.is_refused:
        refused = replace(failed, target=None, asked_at_s=None, refused=max(got.version, failed.refused))
        return _with(state, refused), (Log(logging.ERROR, "bundle_refused", fields),)
    log = (Log(logging.ERROR, "bundle_not_applied", fields),) if failures == 1 else ()
    return _with(state, failed), (*log, backed_off(Timer.RECONCILE, failures + 1))


def look(state: State, at_s: float) -> Step:
    """Heal the host: try the bundle it has not taken yet, else compare it with the last one."""
    following = state.following
    if following.work is not Work.IDLE:
        return state, (SetTimer(Timer.RECONCILE, 1.0, 2.0),)
    if following.target is not None:
        return _with(state, replace(following, work=Work.APPLYING)), (_attempt(state, following.target, at_s),)
    if following.applied == NEVER:
        return state, ()
    return _with(state, replace(following, work=Work.RECONCILING)), (Reconcile(),)


def disturbed(state: State) -> State:
    """Others were at the host: it is looked at as soon as nothing else is under way. A host that refuses what it
    shall be waits for its next try, which may itself be what is heard."""
    is_known = state.following.applied != NEVER and not state.following.apply_failures
    return _with(state, replace(state.following, is_disturbed=True)) if is_known else state


def reconciled(state: State, made: Made) -> Step:
    following = replace(state.following, work=Work.IDLE, made=made, apply_failures=0, last_error=None)
    healed: tuple[Effect, ...] = ()
    if made.is_changed and not made.is_unresolved:
        healed = (Log(logging.WARNING, "host_healed", {"kind": made.kind}),)
    return _with(state, following), (*healed, next_look(made))


def reconcile_failed(state: State, error: str) -> Step:
    failures = state.following.apply_failures + 1
    following = replace(state.following, work=Work.IDLE, apply_failures=failures, last_error=error)
    log = (Log(logging.ERROR, "host_not_healed", {"error": error}),) if failures == 1 else ()
    return _with(state, following), (*log, backed_off(Timer.RECONCILE, failures + 1))


def saved(state: State, event: BundleSaved) -> State:
    waiting = state.following.unsaved
    if waiting is None or waiting.version > event.fetched.version:
        return state
    return _with(state, replace(state.following, unsaved=None, last_error=None))


def save_failed(state: State, event: SaveFailed) -> Step:
    following = replace(state.following, unsaved=event.fetched, last_error=event.error)
    log: tuple[Effect, ...] = ()
    if state.following.unsaved is None:
        log = (Log(logging.ERROR, "bundle_not_saved", {"error": event.error}),)
    return _with(state, following), (*log, around(Timer.SAVE, SAVE_AGAIN_S))


def save_again(state: State) -> Step:
    unsaved = state.following.unsaved
    return state, (Save(unsaved),) if unsaved is not None else ()


def next_look(made: Made) -> SetTimer:
    return around(Timer.RECONCILE, UNRESOLVED_RECONCILE_S if made.is_unresolved else RECONCILE_S)


def _attempt(state: State, target: Fetched, at_s: float) -> Effect:
    """Only what the control plane was heard just before can be blamed for its silence."""
    following, heard_at_s = state.following, state.link.contact_at_s
    is_heard = heard_at_s is not None and at_s - heard_at_s <= JUST_S
    is_on_trial = following.trial is not None and following.trial.fetched.version == target.version
    return Try(target, following.good) if is_heard or is_on_trial else Apply(target)


def _is_behind(following: Following) -> bool:
    return following.wanted > _newest(following)


def _newest(following: Following) -> Version:
    target = following.target.version if following.target is not None else NEVER
    return max(following.applied, following.refused, target)


def _without_progress(state: State, effects: tuple[Effect, ...] = ()) -> Step:
    """The answer was not what was promised: ask again later, not at once."""
    following = state.following
    if following.wanted <= _newest(following) and _newest(following) != NEVER:
        return _with(state, replace(following, fetch_failures=0, asked_at_s=None)), effects
    failures = following.fetch_failures + 1
    held = replace(following, is_held=True, fetch_failures=failures)
    return _with(state, held), (*effects, backed_off(Timer.FETCH, failures))


def _report(following: Following, got: Fetched, at_s: float, error: str | None = None) -> Applied:
    return Applied(
        generation=got.version.generation,
        revision=got.version.revision,
        hash=got.hash,
        ok=error is None,
        ms=_elapsed_ms(following, at_s),
        error=error[:ERROR_CHARS] if error is not None else None,
    )


def _elapsed_ms(following: Following, at_s: float) -> int:
    return round((at_s - following.asked_at_s) * 1000) if following.asked_at_s is not None else 0


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
