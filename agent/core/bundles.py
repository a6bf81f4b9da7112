"""From hint to report: when to fetch, what to apply, what to say of it; pure.

Only a newer (generation, revision) is applied. Hints that arrive while the agent is at work
are answered by one more fetch afterwards. A fetch may take long, and holds up no work on the
host: what it brings waits for that.
"""

import logging
from dataclasses import replace

from agent.bundle.received import Fetched, Version
from agent.core.effects import Apply, Effect, Fetch, Log, Reconcile, Save, Send, SetTimer, Try
from agent.core.events import ApplyFailed, BundleApplied, BundleFetched, BundleSaved, FetchFailed, SaveFailed, Timer
from agent.core.link import outage, post
from agent.core.state import NEVER, Following, Session, Socket, State, Step, Work
from agent.core.timers import MOST_SPREAD_S, RECONCILE_S, SAVE_AGAIN_S, UNRESOLVED_RECONCILE_S, around, backed_off
from agent.host.results import ApplyResult
from chalicelib.wire.frames import Applied

ERROR_CHARS = 300
JUST_S = 30.0


def started(state: State, saved: Fetched | None, at_s: float) -> Step:
    """The tunnel comes up from the last good bundle before any contact."""
    if saved is None:
        return state, ()
    following = replace(state.following, work=Work.APPLYING, good=saved, kept=saved)
    return _with(state, replace(following, target=saved, target_at_s=at_s)), (Apply(saved),)


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


def waited(state: State, timer: Timer) -> State:
    """What waited for its turn, or for its back-off, may go."""
    match timer:
        case Timer.TURN:
            return _with(state, replace(state.following, is_in_turn=False))
        case Timer.REPORT:
            return _with(state, replace(state.following, is_report_held=False))
        case _:
            return released(state)


def full_due(state: State) -> State:
    return _with(state, replace(state.following, is_full_due=True))


def released(state: State) -> State:
    """A fetch need not wait any longer: its back-off is over, or the control plane is back."""
    return _with(state, replace(state.following, is_held=False))


def ended(state: State, retry_in_s: float) -> Step:
    """The peer is deleted: the whole bundle is asked for, which brings the tombstone; where many are deleted together,
    each in its turn."""
    asking = full_due(state)
    if not retry_in_s:
        return released(asking), ()
    return _with(asking, replace(asking.following, is_held=True)), (backed_off(Timer.FETCH, 1, retry_in_s),)


def pursue(state: State, at_s: float) -> Step:
    """Look at a host that others changed, take up what was fetched, or fetch, if there is a reason and nothing in the
    way."""
    following = state.following
    if following.work is not Work.IDLE:
        return state, ()
    if following.is_disturbed:
        return look(_with(state, replace(following, is_disturbed=False)), at_s)
    if following.arrived is not None:
        return _taken(state, following.arrived)
    is_free = not following.is_fetching and not following.is_held and state.link.session is Session.OPEN
    if following.trial is not None and following.trial.is_back:  # until it is said who is to blame
        return state, ()
    is_hinted = _is_behind(following) and not following.is_in_turn
    is_due = following.is_full_due or is_hinted or _newest(following) == NEVER
    if not (is_free and is_due):
        return state, ()
    asked_at_s = following.hinted_at_s if following.hinted_at_s is not None else at_s
    fetching = replace(following, is_fetching=True, hinted_at_s=None, asked_at_s=asked_at_s, is_in_turn=False)
    is_full = following.is_full_due or following.applied == NEVER
    return _with(state, fetching), (Fetch(since=None if is_full else following.applied),)


def report(state: State) -> Step:
    """Say what came of the last bundle, by whatever way is open.

    That it was applied only once its trial is over: a packet that waits for a way out would say so after the
    rollback. What went wrong with one that may have cut the host off goes by REST: a socket may have died of it.
    """
    following = state.following
    unreported = following.unreported
    if unreported is None or (unreported.ok and following.trial is not None):
        return state, ()
    is_refusal = _is_rolled_back(following, unreported)
    if is_refusal and following.is_report_held:
        return state, ()
    said = _with(state, replace(following, unreported=None))
    is_sure = following.trial is None and not is_refusal
    if state.link.socket is Socket.UP and is_sure:
        return said, (Send(state.link.number, unreported),)
    if state.link.session is Session.OPEN and not state.link.is_posting:
        return post(said, unreported)
    return state, ()


def reported(state: State) -> State:
    return _with(state, replace(state.following, report_failures=0))


def not_reported(state: State, report: Applied) -> Step:
    """Hello and heartbeat tell what is in force; only a report tells what was rolled back."""
    following = state.following
    if following.unreported is not None or not _is_rolled_back(following, report):
        return state, ()
    failures = following.report_failures + 1
    held = replace(following, unreported=report, is_report_held=True, report_failures=failures)
    return _with(state, held), (backed_off(Timer.REPORT, failures + 1),)


def fetched(state: State, event: BundleFetched) -> Step:
    """`pursue` takes it up, once the host is free."""
    return _with(state, replace(state.following, arrived=event.fetched, is_full_due=False)), ()


def _taken(state: State, got: Fetched) -> Step:
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


def unchanged(state: State) -> Step:
    return _without_progress(_with(state, replace(state.following, is_fetching=False, is_full_due=False)))


def fetch_failed(state: State, event: FetchFailed) -> Step:
    failures = state.following.fetch_failures + 1
    following = replace(state.following, is_fetching=False, is_held=True, fetch_failures=failures)
    noted, effects = outage(_with(state, following), event.reason, event.at_s)
    return noted, (*effects, backed_off(Timer.FETCH, failures, event.retry_after_s))


def applied(state: State, event: BundleApplied) -> Step:
    """A bundle from the disk needs no report: hello names it. One on trial is kept once it is proved."""
    got, following = event.fetched, state.following
    is_from_disk = _is_kept(following, got)
    done = replace(
        following,
        work=Work.IDLE,
        applied=got.version,
        applied_hash=got.hash,
        target=None,
        target_at_s=None,
        good=following.good if event.is_on_trial else got,
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
    if is_from_disk or event.is_on_trial:
        return _with(state, done), effects
    saving, save = keep(_with(state, done), got)
    return saving, (*save, *effects)


def keep(state: State, got: Fetched) -> Step:
    """On the disk, as the last good one."""
    return _with(state, replace(state.following, unsaved=got)), (Save(got),)


def apply_failed(state: State, event: ApplyFailed) -> Step:
    """A wrong bundle waits for its successor; a host that refuses is asked again."""
    got, following = event.fetched, state.following
    failures = following.apply_failures + 1
    fields = {"generation": got.version.generation, "revision": got.version.revision, "error": event.error}
    failed = replace(following, work=Work.IDLE, apply_failures=failures, last_error=event.error)
    if failures == 1 and not _is_kept(following, got):
        failed = replace(failed, unreported=_report(following, got, event.at_s, event.error))
    if event.is_refused:
        refused = replace(failed, target=None, target_at_s=None, refused=max(got.version, failed.refused))
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


def reconciled(state: State, made: ApplyResult) -> Step:
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
    following = state.following
    is_last = following.unsaved is None or following.unsaved.version <= event.fetched.version
    last_error = None if following.is_disk_refusing else following.last_error
    kept = replace(following, kept=event.fetched, is_disk_refusing=False, last_error=last_error)
    return _with(state, replace(kept, unsaved=None) if is_last else kept)


def save_failed(state: State, event: SaveFailed) -> Step:
    following = state.following
    unsaved = following.unsaved or event.fetched
    failed = replace(following, unsaved=unsaved, is_disk_refusing=True, last_error=event.error)
    log = Log(logging.ERROR, "bundle_not_saved", {"error": event.error})
    logs = () if following.is_disk_refusing else (log,)
    return _with(state, failed), (*logs, around(Timer.SAVE, SAVE_AGAIN_S))


def save_again(state: State) -> Step:
    unsaved = state.following.unsaved
    return state, (Save(unsaved),) if unsaved is not None else ()


def next_look(made: ApplyResult) -> SetTimer:
    return around(Timer.RECONCILE, UNRESOLVED_RECONCILE_S if made.is_unresolved else RECONCILE_S)


def _attempt(state: State, target: Fetched, at_s: float) -> Effect:
    """Only what the control plane was heard just before can be blamed for its silence."""
    following, heard_at_s = state.following, state.link.contact_at_s
    is_heard = heard_at_s is not None and at_s - heard_at_s <= JUST_S
    is_on_trial = following.trial is not None and following.trial.fetched.version == target.version
    return Try(target, following.good) if is_heard or is_on_trial else Apply(target)


def _is_behind(following: Following) -> bool:
    return following.wanted > _newest(following)


def _is_rolled_back(following: Following, report: Applied) -> bool:
    is_refused = Version(report.generation, report.revision) == following.refused
    return is_refused and not report.ok and following.refusal is not None


def _is_kept(following: Following, got: Fetched) -> bool:
    kept = following.kept
    return kept is not None and (kept.version, kept.hash) == (got.version, got.hash)


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
    return round((at_s - following.target_at_s) * 1000) if following.target_at_s is not None else 0


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
