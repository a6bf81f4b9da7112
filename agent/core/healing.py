"""Healing: the host is compared with the bundle in force, and what drifted is put right; pure."""

import logging
from dataclasses import replace
from typing import assert_never

from agent.bundle.received import Fetched
from agent.core import heartbeats
from agent.core.effects import Apply, Effect, Log, Reconcile, SetTimer, Try
from agent.core.events import HealingEvent, HostChanged, Reconciled, ReconcileFailed
from agent.core.state import NEVER, Following, State, Step, Work, then
from agent.core.timers import Timer
from agent.core.waiting import RECONCILE_S, UNRESOLVED_RECONCILE_S, around, backed_off
from agent.host.results import ApplyResult

JUST_S = 30.0


def handle(state: State, event: HealingEvent) -> Step:
    match event:
        case HostChanged():
            return _disturbed(state), ()
        case Reconciled():
            healed = _reconciled(state, event.made)
            return then(healed, heartbeats.observe_now) if event.made.is_changed else healed
        case ReconcileFailed():
            return _reconcile_failed(state, event.error)
        case _:
            assert_never(event)


def look(state: State, at_s: float) -> Step:
    """Try the bundle that the host has not taken yet, else compare the host with the one that it has."""
    following = state.following
    if following.work is not Work.IDLE:
        return state, (SetTimer(Timer.RECONCILE, 1.0, 2.0),)
    if following.target is not None:
        return _with(state, replace(following, work=Work.APPLYING)), (_attempt(state, following.target, at_s),)
    if following.applied == NEVER:
        return state, ()
    return _with(state, replace(following, work=Work.RECONCILING)), (Reconcile(),)


def next_look(made: ApplyResult) -> SetTimer:
    """When to compare again: soon, while the name of an endpoint could not be resolved."""
    return around(Timer.RECONCILE, UNRESOLVED_RECONCILE_S if made.is_unresolved else RECONCILE_S)


def _disturbed(state: State) -> State:
    """Look at a host that others changed as soon as nothing else is under way. A host that refused a bundle is left
    to its timer: the change may be the agent's own, half-done."""
    is_known = state.following.applied != NEVER and not state.following.apply_failures
    return _with(state, replace(state.following, is_disturbed=True)) if is_known else state


def _reconciled(state: State, made: ApplyResult) -> Step:
    following = replace(state.following, work=Work.IDLE, made=made, apply_failures=0, last_error=None)
    healed: tuple[Effect, ...] = ()
    if made.is_changed and not made.is_unresolved:
        healed = (Log(logging.WARNING, "host_healed", {"kind": made.kind}),)
    return _with(state, following), (*healed, next_look(made))


def _reconcile_failed(state: State, error: str) -> Step:
    failures = state.following.apply_failures + 1
    following = replace(state.following, work=Work.IDLE, apply_failures=failures, last_error=error)
    log = (Log(logging.ERROR, "host_not_healed", {"error": error}),) if failures == 1 else ()
    return _with(state, following), (*log, backed_off(Timer.RECONCILE, failures + 1))


def _attempt(state: State, target: Fetched, at_s: float) -> Effect:
    """On trial only if the control plane was heard just before: else its silence says nothing about the bundle."""
    following, heard_at_s = state.following, state.link.contact_at_s
    is_heard = heard_at_s is not None and at_s - heard_at_s <= JUST_S
    is_on_trial = following.trial is not None and following.trial.fetched.version == target.version
    return Try(target, following.good) if is_heard or is_on_trial else Apply(target)


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
