"""A bundle on trial: an answer of the control plane proves it, silence rolls it back; pure.

A bundle is blamed after three phases: silence while it is in force, an answer without it, and silence
again while it is in force once more for a moment. If the control plane is silent without the bundle
too, it may be away by itself: the bundle is applied again and tried for longer. Calls run beside the
work on the host, so a call that began before the host was changed says nothing about the change.
"""

import logging
from dataclasses import replace
from typing import assert_never

from agent.bundle.received import TrialBundle
from agent.core import events as ev
from agent.core import failover, heartbeats, reports
from agent.core.effects import CancelTimer, Effect, Log, Probe, Refuse, RollBack, SeeRoute, SetTimer, Try
from agent.core.events import ApplyFailed, BundleApplied, Probed, RollBackFailed, RolledBack, RouteSeen, TrialEvent
from agent.core.healing import next_look
from agent.core.saving import keep
from agent.core.state import NEVER, Following, Phase, State, Step, Trial, Work, then
from agent.core.timers import Timer
from agent.core.trial_window import Window
from agent.core.waiting import PROBE_S, RELIEVED_S, backed_off

LONGER_BY = 4
LONGEST_S = 3600.0
AGAIN_S = 20.0  # the host may be cut off for so long once more; two probes without an answer fit


def handle(state: State, event: TrialEvent) -> Step:
    match event:
        case Probed():
            return _probed(state, event)
        case RouteSeen():
            return _route_seen(state, event)
        case RolledBack():
            back = _rolled_back(heartbeats.knows_peers(state, event.fetched), event)
            return then(back, lambda after: failover.known(after, event.fetched))
        case RollBackFailed():
            return _rollback_failed(state, event)
        case _:
            assert_never(event)


def resumed(state: State, tried: TrialBundle) -> Step:
    """Go on with the trial during which an agent ended. What was rolled back stays so."""
    got, following = tried.fetched, state.following
    good = following.good
    if tried.refused is None:
        return _with(state, replace(following, work=Work.APPLYING, target=got)), (Try(got, good),)
    refusing = replace(
        following,
        work=Work.APPLYING,
        target=None,
        leaving=got,
        refused=got.version,
        refusal=tried.refused,
        unreported=reports.of_rollback(got, tried.refused),
    )
    return _with(state, refusing), (RollBack(got, good),)


def begun(state: State, event: BundleApplied | ApplyFailed) -> Step:
    """The host was changed, or in part: the window opens."""
    trial = state.following.trial
    if not event.is_on_trial:
        return _with(state, replace(state.following, trial=None)), relief(state)
    if trial is None or trial.fetched.version != event.fetched.version:
        trial = Trial(event.fetched)
    if trial.window is not None:  # made once more, after the host refused a part
        return _with(state, replace(state.following, trial=replace(trial, since_s=event.at_s))), ()
    opened = _opened(state, trial, event.at_s)
    return _asked(_with(state, replace(state.following, trial=opened)))


def heard(state: State, event: ev.Event) -> Step:
    """If the event is an answer of the control plane, it counts for the bundle that was in force when the call began
    and still is."""
    return _answered(state, _asked_at_s(event)) if _is_answer(event) else (state, ())


def _is_answer(event: ev.Event) -> bool:
    if isinstance(event, ev.SessionFailed | ev.PostFailed | ev.FetchFailed):
        return event.status is not None
    if isinstance(event, Probed):
        return event.is_answered
    return isinstance(event, ev.SessionOpened | ev.Posted | ev.BundleFetched | ev.BundleUnchanged | ev.KeysTold)


def _asked_at_s(event: ev.Event) -> float:
    return event.at_s if event.asked_at_s is None else event.asked_at_s


def _answered(state: State, asked_at_s: float) -> Step:
    following = state.following
    trial, is_free = following.trial, following.work is not Work.APPLYING
    if trial is None or trial.window is None or not is_free or asked_at_s < trial.since_s:
        return state, ()
    if trial.is_back:
        return _applied_again(state, replace(trial, phase=Phase.AGAIN))
    if following.leaving is not None:  # it was given up half-way: all of it again
        following = replace(following, leaving=None, target=trial.fetched)
    if following.target is not None:  # the host took only a part of it, and that part does not cut it off
        reset = _opened(state, trial, asked_at_s)
        return _with(state, replace(following, trial=reset)), (SetTimer(Timer.RECONCILE, 1.0, 2.0),)
    proved = _with(state, replace(following, trial=None, good=trial.fetched))
    saving, effects = keep(proved, trial.fetched)
    return saving, (*effects, CancelTimer(Timer.PROBE), *relief(state))


def look(state: State) -> Step:
    """Ask whether the control plane answers, and whether the host has a route; this goes on as long as the trial."""
    following = state.following
    if following.leaving is not None:
        return _leave(state)
    return _asked(state) if following.trial is not None else (state, ())


def _probed(state: State, event: Probed) -> Step:
    """A probe without an answer counts as silence; one with an answer was taken by `heard`, as any answer is."""
    following = replace(state.following, is_probing=False)
    trial = following.trial
    if trial is None or trial.window is None or event.is_answered or _asked_at_s(event) < trial.since_s:
        return _with(state, following), ()
    return _judged(_with(state, replace(following, trial=replace(trial, is_silent=True))))


def _route_seen(state: State, event: RouteSeen) -> Step:
    """The window runs down only while the host has a route."""
    trial = state.following.trial
    if trial is None or trial.window is None:
        return state, ()
    looked = replace(trial, window=trial.window.looked(event.at_s, event.has_route))
    return _judged(_with(state, replace(state.following, trial=looked)))


def _rolled_back(state: State, event: RolledBack) -> Step:
    """The good bundle is in force: ask at once whether the control plane answers now, unless that is known."""
    good, trial = state.following.good, state.following.trial
    following = replace(
        state.following,
        work=Work.IDLE,
        leaving=None,
        made=event.made,
        last_error=None,
        applied=good.version if good is not None else NEVER,
        applied_hash=good.hash if good is not None else "",
    )
    if trial is None:  # the bundle was refused before this agent started
        return _with(state, following), (next_look(event.made), *relief(state))
    if trial.phase is Phase.AGAIN:
        blamed, effects = _blamed(_with(state, following), trial)
        return blamed, (*effects, next_look(event.made))
    back = replace(
        following, trial=_opened(state, replace(trial, phase=Phase.ROLLED_BACK), event.at_s), unreported=None
    )
    asking, effects = _asked(_with(state, back))
    return asking, (*effects, next_look(event.made))


def _rollback_failed(state: State, event: RollBackFailed) -> Step:
    failures = state.following.apply_failures + 1
    following = replace(state.following, work=Work.IDLE, apply_failures=failures, last_error=event.error)
    log = (Log(logging.ERROR, "bundle_not_rolled_back", {"error": event.error}),) if failures == 1 else ()
    return _with(state, following), (*log, backed_off(Timer.PROBE, failures + 1))


def relief(state: State) -> tuple[Effect, ...]:
    """A guard may stop soon: nothing is on trial any more. It waits until the outcome is reported."""
    return (SetTimer(Timer.RELIEVED, RELIEVED_S, RELIEVED_S),) if state.is_guard else ()


def _judged(state: State) -> Step:
    """Go on to the next phase when the window is over. To blame or to acquit the bundle, a call must have had no
    answer. The first rollback does not wait for that, for it can be undone."""
    following = state.following
    trial = following.trial
    is_free = following.work is Work.IDLE and following.leaving is None
    if trial is None or trial.window is None or not trial.window.is_over or not is_free:
        return state, ()
    if not trial.is_silent and trial.phase is not Phase.TRIED:
        return state, ()
    if trial.is_back:
        return _applied_again(state, replace(trial, phase=Phase.TRIED, round=trial.round + 1))
    fields = {"generation": trial.fetched.version.generation, "revision": trial.fetched.version.revision}
    left, effects = _leave(_with(state, replace(following, leaving=trial.fetched, target=None)))
    return left, (Log(logging.WARNING, "control_plane_unreachable_since_bundle", fields), *effects)


def _leave(state: State) -> Step:
    following = state.following
    if following.leaving is None or following.work is not Work.IDLE:
        return state, (_next_probe(),)
    return _with(state, replace(following, work=Work.APPLYING)), (RollBack(following.leaving, following.good),)


def _applied_again(state: State, trial: Trial) -> Step:
    """Apply the bundle once more: the control plane answered without it, or was silent without it too."""
    again = replace(trial, window=None)
    applying = replace(state.following, work=Work.APPLYING, target=trial.fetched, trial=again)
    return _with(state, applying), (Try(trial.fetched, state.following.good),)


def _blamed(state: State, trial: Trial) -> Step:
    version = trial.fetched.version
    error = (
        f"rolled back: with revision {version.revision} the control plane could not be reached, twice, and without its"
        " new routes, addresses and endpoints it could; correct them, the next revision is applied again"
    )
    refused = replace(
        state.following,
        trial=None,
        refused=max(version, state.following.refused),
        refusal=error,
        unreported=reports.of_rollback(trial.fetched, error),
    )
    fields = {"generation": version.generation, "revision": version.revision}
    log = Log(logging.ERROR, "bundle_rolled_back", fields)
    telling = SetTimer(Timer.CONNECT, 0.0, PROBE_S)  # the control plane is not away, though calls have failed meanwhile
    effects: tuple[Effect, ...] = (log, Refuse(trial.fetched, error), CancelTimer(Timer.PROBE), telling)
    return _with(state, refused), (*effects, *relief(state))


def _opened(state: State, trial: Trial, at_s: float) -> Trial:
    """The phase begins now: only calls that begin from now on say anything about it."""
    confirm_s = state.confirm_within_s
    longest_s = max(LONGEST_S, confirm_s)
    lasts_s = {
        Phase.TRIED: min(confirm_s * LONGER_BY**trial.round, longest_s),
        Phase.ROLLED_BACK: confirm_s,
        Phase.AGAIN: min(confirm_s, AGAIN_S),
    }[trial.phase]
    return replace(trial, window=Window(lasts_s, at_s), since_s=at_s, is_silent=False)


def _asked(state: State) -> Step:
    effects: tuple[Effect, ...] = (SeeRoute(), _next_probe())
    if state.following.is_probing:
        return state, effects
    return _with(state, replace(state.following, is_probing=True)), (Probe(), *effects)


def _next_probe() -> SetTimer:
    return SetTimer(Timer.PROBE, PROBE_S / 2, PROBE_S)


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
