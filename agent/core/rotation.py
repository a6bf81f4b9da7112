"""Replacing the host's WireGuard key, and its preshared keys, without dropping a flow; pure.

The agent makes a pair and saves it, tells the control plane, asks until all other peers hold the new
key, switches to it, and tells that. Each step follows from the keys on the disk and those in the bundle:
after a crash at any point the agent goes on from there, and whatever was told may be told again.
"""

import logging
from dataclasses import replace
from typing import Any, Literal, assert_never

from agent.bundle.received import Fetched
from agent.core import events as ev
from agent.core import failover, link
from agent.core.effects import CancelTimer, Effect, Log, MakeKey, SetTimer, SwitchKey, TellKeys
from agent.core.state import NEVER, Session, State, Step, then
from agent.core.timers import Timer
from agent.core.waiting import SPREAD_S, backed_off, key_age
from chalicelib.wire.agent import KeysReport

KeyTimer = Literal[Timer.KEYS, Timer.KEY_AGE]


def started(state: State) -> Step:
    due_in_s = state.rotation.due_in_s
    return state, () if due_in_s is None else (key_age(due_in_s),)


def knows_bundle(state: State, fetched: Fetched) -> State:
    """Learn from a bundle which of this agent's keys the other peers hold."""
    said = fetched.bundle.interface
    is_asked = said.rotate_key and not fetched.bundle.is_blocked
    known = _with(state, present=said.public_key, staged=said.staged_key, is_asked=is_asked)
    psk_told = max(state.rotation.psk_told, said.psk_held)
    return _with(known, psk_epoch=said.psk_epoch, psk_told=psk_told)


def pursue(state: State) -> Step:
    """Take the next step of a change that is under way, asked for, or due."""
    rotation = state.rotation
    if not rotation.in_use or rotation.is_busy or rotation.present is None or state.following.applied == NEVER:
        return state, ()
    if rotation.in_use == rotation.staged:
        return _tell(state)
    if _has_new_secrets(state):
        return _tell_soon(state)
    is_lost = rotation.in_use != rotation.present  # no peer knows the key in use: only another key helps
    if not (is_lost or rotation.is_asked or rotation.is_due or rotation.next_key is not None):
        return state, ()
    if rotation.next_key is None:
        return (state, ()) if rotation.is_waiting else (_with(state, is_busy=True), (MakeKey(),))
    if rotation.is_held and rotation.next_key == rotation.staged and _is_kept(state):
        return _with(state, is_busy=True), (SwitchKey(rotation.next_key),)
    return _tell(state)


def _is_kept(state: State) -> bool:
    """Whether the bundle in force, with the secrets of the next key, is on the disk for a start after a crash."""
    following = state.following
    is_in_doubt = following.trial is not None or following.leaving is not None or following.refused > following.applied
    return following.unsaved is None and not is_in_doubt


def _has_new_secrets(state: State) -> bool:
    """Whether the bundle brought preshared keys that are on the disk, and the control plane does not know that yet."""
    rotation = state.rotation
    return rotation.psk_epoch > rotation.psk_told and _is_kept(state)


def _tell_soon(state: State) -> Step:
    """All agents of a network get new preshared keys at once, so each confirms them at a random moment."""
    if state.rotation.is_waiting or state.rotation.tries > 0:
        return _tell(state)
    return _with(state, is_waiting=True, tries=1), (SetTimer(Timer.KEYS, 0.0, SPREAD_S),)


def handle(state: State, event: ev.KeyEvent) -> Step:
    match event:
        case ev.KeyMade():
            return _with(state, next_key=event.next_key, is_busy=False, is_held=False, tries=0), ()
        case ev.KeysTold():
            return _told(state, event)
        case ev.KeySwitched():
            return then(_switched(state, event), failover.rekeyed)
        case ev.KeyRefused():
            again = _with(state, next_key=None, is_held=False, is_due=True)
            return _later(again, Log(logging.WARNING, "key_refused"))
        case ev.KeysFailed():
            is_first = state.rotation.tries == 0
            log = (Log(logging.WARNING, "keys_not_changed", {"error": event.error}),) if is_first else ()
            failed = _later(_with(state, is_held=False), *log, told_s=event.retry_after_s)
            return then(failed, lambda after: link.session_judged(after, event.status, event.at_s))
        case _:
            assert_never(event)


def fired(state: State, timer: KeyTimer) -> State:
    match timer:
        case Timer.KEYS:
            return _with(state, is_waiting=False)
        case Timer.KEY_AGE:
            return _with(state, is_due=True)
        case _:
            assert_never(timer)


def _told(state: State, event: ev.KeysTold) -> Step:
    """The answer may be newer than the bundle: if it knows the key in use, that need not be told again."""
    rotation, known = state.rotation, event.known
    state = _with(state, psk_told=max(rotation.psk_told, event.psk_epoch or 0))
    if known.public_key == rotation.in_use:
        staged = None if rotation.staged == rotation.in_use else rotation.staged
        state = _with(state, present=known.public_key, staged=staged)
        if rotation.next_key is None:
            return _with(state, is_busy=False, tries=0), ()
    is_held = known.is_held and known.staged_key == rotation.next_key
    return _later(_with(state, is_held=is_held))


def _switched(state: State, event: ev.KeySwitched) -> Step:
    rotation = state.rotation
    switched = replace(
        rotation,
        in_use=event.public_key,
        next_key=None,
        is_held=False,
        is_due=False,
        is_busy=False,
        is_waiting=False,
        tries=0,
    )
    effects: list[Effect] = [Log(logging.INFO, "key_switched"), CancelTimer(Timer.KEYS)]
    if rotation.lifetime_s is not None:
        effects.append(key_age(rotation.lifetime_s))
    if event.error is not None:
        effects += [Log(logging.ERROR, "key_not_applied", {"error": event.error}), SetTimer(Timer.RECONCILE, 0, 1)]
    return replace(state, rotation=switched), tuple(effects)


def _tell(state: State) -> Step:
    rotation = state.rotation
    if rotation.is_waiting or state.link.session is not Session.OPEN:
        return state, ()
    epoch = rotation.psk_epoch if _has_new_secrets(state) else None
    report = KeysReport(public_key=rotation.in_use, next_key=rotation.next_key, psk_epoch=epoch)
    return _with(state, is_busy=True), (TellKeys(report),)


def _later(state: State, *effects: Effect, told_s: float | None = None) -> Step:
    tries = state.rotation.tries + 1
    waiting = _with(state, is_busy=False, is_waiting=True, tries=tries)
    return waiting, (*effects, backed_off(Timer.KEYS, tries, told_s))


def _with(state: State, **changes: Any) -> State:
    return replace(state, rotation=replace(state.rotation, **changes))
