"""A bundle on trial: an answer of the control plane proves it, silence rolls it back; pure.

What is rolled back is to blame only if the control plane then answers. If it stays silent, the
bundle is applied again and tried for longer: it is away by itself, or both are true at once.
"""

import logging
from dataclasses import replace

from agent.decisions.following import next_look
from agent.effects import Apply, CancelTimer, Effect, Log, Probe, Refuse, RollBack, Save, SetTimer, Try
from agent.events import ApplyFailed, BundleApplied, Probed, RollBackFailed, RolledBack, Timer
from agent.received import Tried
from agent.state import NEVER, Following, State, Step, Trial, Work
from agent.waiting import PROBE_S, RELIEVED_S, backed_off
from agent.window import Window
from chalicelib.wire.frames import Applied

LONGER_BY = 4
LONGEST_S = 3600.0


def resumed(state: State, tried: Tried) -> Step:
    """An agent ended during a trial: it goes on. What was rolled back stays so."""
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
        unreported=_refusal(Trial(got, Window(0.0, 0.0)), tried.refused),
    )
    return _with(state, refusing), (RollBack(got, good),)


def begun(state: State, event: BundleApplied | ApplyFailed) -> Step:
    """The window opens with the apply, also with one that the host took in part."""
    trial = state.following.trial
    is_same = trial is not None and trial.fetched.version == event.fetched.version
    if not event.is_on_trial:
        return _with(state, replace(state.following, trial=None)), _relief(state)
    if trial is not None and is_same and not trial.is_back:
        return state, ()
    again = trial.round + 1 if trial is not None and is_same else 0
    left_s = min(state.confirm_within_s * LONGER_BY**again, max(LONGEST_S, state.confirm_within_s))
    opened = Trial(event.fetched, Window(left_s, event.at_s), round=again)
    return _with(state, replace(state.following, trial=opened)), (_next_probe(),)


def answered(state: State) -> Step:
    """The control plane answered a request that was begun after what the host runs now."""
    following = state.following
    trial = following.trial
    if trial is None:
        return state, ()
    if trial.is_back:
        return _blamed(state, trial)
    if following.leaving is not None and following.work is Work.IDLE:  # given up half-way: all of it again
        following = replace(following, leaving=None, target=trial.fetched)
    if following.target is not None:  # the host has a part of it: proves nothing, and cuts nothing off
        reset = replace(trial, window=replace(trial.window, left_s=state.confirm_within_s))
        return _with(state, replace(following, trial=reset)), (SetTimer(Timer.RECONCILE, 1.0, 2.0),)
    proved = replace(following, trial=None, good=trial.fetched)
    return _with(state, proved), (Save(trial.fetched), CancelTimer(Timer.PROBE), *_relief(state))


def look(state: State) -> Step:
    following = state.following
    if following.leaving is not None:
        return _leave(state)
    return state, (Probe(),) if following.trial is not None else ()


def probed(state: State, event: Probed) -> Step:
    """Silence runs the window down; once it is over, roll back, or apply again."""
    following = state.following
    if following.trial is None:
        return state, ()
    if event.is_answered:
        return _then_probe(*answered(state))
    trial = replace(following.trial, window=following.trial.window.looked(event.at_s, event.has_route))
    waiting = _with(state, replace(following, trial=trial))
    if not trial.window.is_over or following.work is not Work.IDLE:
        return waiting, (_next_probe(),)
    if trial.is_back:
        return _acquitted(waiting, trial)
    fields = {"generation": trial.fetched.version.generation, "revision": trial.fetched.version.revision}
    leaving = _with(state, replace(following, trial=trial, leaving=trial.fetched, target=None))
    left, effects = _leave(leaving)
    return left, (Log(logging.WARNING, "control_plane_unreachable_since_bundle", fields), *effects)


def rolled_back(state: State, event: RolledBack) -> Step:
    """Back on the good one: ask at once whether the control plane answers now."""
    following = replace(state.following, work=Work.IDLE, leaving=None, made=event.made, last_error=None)
    if following.trial is None and event.fetched.version != following.refused:  # it answered just in time
        again = replace(following, work=Work.APPLYING, target=event.fetched)
        return _with(state, again), (Apply(event.fetched),)
    good = following.good
    back = replace(
        following,
        applied=good.version if good is not None else NEVER,
        applied_hash=good.hash if good is not None else "",
    )
    if following.trial is None:
        return _with(state, back), (next_look(event.made), *_relief(state))
    window = Window(state.confirm_within_s, event.at_s)
    trial = replace(following.trial, is_back=True, window=window)
    return _with(state, replace(back, trial=trial, unreported=None)), (Probe(), next_look(event.made))


def rollback_failed(state: State, event: RollBackFailed) -> Step:
    failures = state.following.apply_failures + 1
    following = replace(state.following, work=Work.IDLE, apply_failures=failures, last_error=event.error)
    if following.trial is None and event.fetched.version != following.refused:  # it answered just in time
        again = replace(following, work=Work.APPLYING, leaving=None, target=event.fetched)
        return _with(state, again), (Apply(event.fetched),)
    log = (Log(logging.ERROR, "bundle_not_rolled_back", {"error": event.error}),) if failures == 1 else ()
    return _with(state, following), (*log, backed_off(Timer.PROBE, failures + 1))


def _leave(state: State) -> Step:
    following = state.following
    if following.leaving is None or following.work is not Work.IDLE:
        return state, (_next_probe(),)
    return _with(state, replace(following, work=Work.APPLYING)), (RollBack(following.leaving, following.good),)


def _blamed(state: State, trial: Trial) -> Step:
    version = trial.fetched.version
    error = (
        f"rolled back: after revision {version.revision} the control plane could not be reached, and without its"
        " new routes, addresses and endpoints it could; correct them, the next revision is applied again"
    )
    refused = replace(
        state.following,
        trial=None,
        refused=max(version, state.following.refused),
        refusal=error,
        unreported=_refusal(trial, error),
    )
    fields = {"generation": version.generation, "revision": version.revision}
    log = Log(logging.ERROR, "bundle_rolled_back", fields)
    effects: tuple[Effect, ...] = (log, Refuse(trial.fetched, error), CancelTimer(Timer.PROBE))
    return _with(state, refused), (*effects, *_relief(state))


def _acquitted(state: State, trial: Trial) -> Step:
    """The silence goes on without it: the control plane is away by itself."""
    applying = replace(state.following, work=Work.APPLYING, target=trial.fetched)
    return _with(state, applying), (Try(trial.fetched, state.following.good),)


def _refusal(trial: Trial, error: str) -> Applied:
    version = trial.fetched.version
    return Applied(
        generation=version.generation, revision=version.revision, hash=trial.fetched.hash, ok=False, ms=0, error=error
    )


def _then_probe(state: State, effects: tuple[Effect, ...]) -> Step:
    return state, effects if state.following.trial is None else (*effects, _next_probe())


def _next_probe() -> SetTimer:
    return SetTimer(Timer.PROBE, PROBE_S / 2, PROBE_S)


def _relief(state: State) -> tuple[Effect, ...]:
    """A guard goes once nothing is on trial, and what came of it is told and on the disk."""
    return (SetTimer(Timer.RELIEVED, RELIEVED_S, RELIEVED_S),) if state.is_guard else ()


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
