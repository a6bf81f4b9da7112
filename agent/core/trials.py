"""A bundle on trial: an answer of the control plane proves it, silence rolls it back; pure.

A bundle is blamed by three looks: silence with it, an answer without it, and silence once more
when it is made again for a moment. If nobody answers without it either, it is applied again and
tried for longer: the control plane is away by itself, or both are true at once. Calls go beside
the work on the host: what was asked before the host was made so tells nothing of it.
"""

import logging
from dataclasses import replace

from agent.bundle.received import Fetched, Tried
from agent.core.bundles import keep, next_look
from agent.core.effects import CancelTimer, Effect, Log, Probe, Refuse, RollBack, SeeRoute, SetTimer, Try
from agent.core.events import ApplyFailed, BundleApplied, Probed, RollBackFailed, RolledBack, RouteSeen, Timer
from agent.core.state import NEVER, Following, Phase, State, Step, Trial, Work
from agent.core.timers import PROBE_S, RELIEVED_S, backed_off
from agent.core.trial_window import Window
from chalicelib.wire.frames import Applied

LONGER_BY = 4
LONGEST_S = 3600.0
AGAIN_S = 20.0  # a host that may be cut off once more; two probes that meet a black hole fit


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
        unreported=_refusal(got, tried.refused),
    )
    return _with(state, refusing), (RollBack(got, good),)


def begun(state: State, event: BundleApplied | ApplyFailed) -> Step:
    """The window opens with the apply, also with one that the host took in part."""
    trial = state.following.trial
    if not event.is_on_trial:
        return _with(state, replace(state.following, trial=None)), relief(state)
    if trial is None or trial.fetched.version != event.fetched.version:
        trial = Trial(event.fetched)
    if trial.window is not None:  # made once more, after the host refused a part
        return _with(state, replace(state.following, trial=replace(trial, since_s=event.at_s))), ()
    opened = _opened(state, trial, event.at_s)
    return _asked(_with(state, replace(state.following, trial=opened)))


def answered(state: State, asked_at_s: float) -> Step:
    """The control plane answered. It counts for what the host runs, if that stood when it was asked and stands."""
    following = state.following
    trial, is_free = following.trial, following.work is not Work.APPLYING
    if trial is None or trial.window is None or not is_free or asked_at_s < trial.since_s:
        return state, ()
    if trial.is_back:
        return _applied_again(state, replace(trial, phase=Phase.AGAIN))
    if following.leaving is not None:  # given up half-way: all of it again
        following = replace(following, leaving=None, target=trial.fetched)
    if following.target is not None:  # the host has a part of it: proves nothing, and cuts nothing off
        reset = _opened(state, trial, asked_at_s)
        return _with(state, replace(following, trial=reset)), (SetTimer(Timer.RECONCILE, 1.0, 2.0),)
    proved = _with(state, replace(following, trial=None, good=trial.fetched))
    saving, effects = keep(proved, trial.fetched)
    return saving, (*effects, CancelTimer(Timer.PROBE), *relief(state))


def look(state: State) -> Step:
    """Ask whether the control plane answers, and see whether anything could; again and again while there is a trial."""
    following = state.following
    if following.leaving is not None:
        return _leave(state)
    return _asked(state) if following.trial is not None else (state, ())


def probed(state: State, event: Probed) -> Step:
    """A probe that came back without an answer; one with it was heard like any other."""
    following = replace(state.following, is_probing=False)
    trial = following.trial
    asked_at_s = event.at_s if event.asked_at_s is None else event.asked_at_s
    if trial is None or trial.window is None or event.is_answered or asked_at_s < trial.since_s:
        return _with(state, following), ()
    return _judged(_with(state, replace(following, trial=replace(trial, is_silent=True))))


def route_seen(state: State, event: RouteSeen) -> Step:
    """The window runs down while the host could reach something."""
    trial = state.following.trial
    if trial is None or trial.window is None:
        return state, ()
    looked = replace(trial, window=trial.window.looked(event.at_s, event.has_route))
    return _judged(_with(state, replace(state.following, trial=looked)))


def rolled_back(state: State, event: RolledBack) -> Step:
    """Back on the good one: ask at once whether the control plane answers now, unless that is known."""
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
    if trial is None:  # it was refused before this agent started
        return _with(state, following), (next_look(event.made), *relief(state))
    if trial.phase is Phase.AGAIN:
        blamed, effects = _blamed(_with(state, following), trial)
        return blamed, (*effects, next_look(event.made))
    back = replace(
        following, trial=_opened(state, replace(trial, phase=Phase.ROLLED_BACK), event.at_s), unreported=None
    )
    asking, effects = _asked(_with(state, back))
    return asking, (*effects, next_look(event.made))


def rollback_failed(state: State, event: RollBackFailed) -> Step:
    failures = state.following.apply_failures + 1
    following = replace(state.following, work=Work.IDLE, apply_failures=failures, last_error=event.error)
    log = (Log(logging.ERROR, "bundle_not_rolled_back", {"error": event.error}),) if failures == 1 else ()
    return _with(state, following), (*log, backed_off(Timer.PROBE, failures + 1))


def relief(state: State) -> tuple[Effect, ...]:
    """A guard goes once nothing is on trial, and what came of it is told and on the disk."""
    return (SetTimer(Timer.RELIEVED, RELIEVED_S, RELIEVED_S),) if state.is_guard else ()


def _judged(state: State) -> Step:
    """What follows from a window that is over. To blame or to acquit takes a call that had no answer; to roll back,
    which is taken back if need be, does not: it waits for no call."""
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
    """Answered without it: once more with it, for a moment. Or silent without it too: the control plane is away by
    itself."""
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
        unreported=_refusal(trial.fetched, error),
    )
    fields = {"generation": version.generation, "revision": version.revision}
    log = Log(logging.ERROR, "bundle_rolled_back", fields)
    telling = SetTimer(Timer.CONNECT, 0.0, PROBE_S)  # it is not away, whatever came of the calls meanwhile
    effects: tuple[Effect, ...] = (log, Refuse(trial.fetched, error), CancelTimer(Timer.PROBE), telling)
    return _with(state, refused), (*effects, *relief(state))


def _opened(state: State, trial: Trial, at_s: float) -> Trial:
    """What is asked from now on tells of the phase."""
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


def _refusal(fetched: Fetched, error: str) -> Applied:
    version = fetched.version
    return Applied(
        generation=version.generation, revision=version.revision, hash=fetched.hash, ok=False, ms=0, error=error
    )


def _next_probe() -> SetTimer:
    return SetTimer(Timer.PROBE, PROBE_S / 2, PROBE_S)


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
