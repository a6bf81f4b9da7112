"""Bundles on the disk: the last good one is kept there, and one that was rolled back is marked; pure."""

import logging
from dataclasses import replace
from typing import assert_never

from agent.bundle.received import Fetched
from agent.core.effects import Log, Save
from agent.core.events import BundleSaved, Remembered, SaveEvent, SaveFailed
from agent.core.state import Following, State, Step
from agent.core.timers import Timer
from agent.core.waiting import SAVE_AGAIN_S, around


def handle(state: State, event: SaveEvent) -> Step:
    match event:
        case BundleSaved():
            return _saved(state, event), ()
        case SaveFailed():
            return _save_failed(state, event)
        case Remembered():
            failed = Log(logging.ERROR, "refusal_not_saved", {"error": event.error})
            return state, () if event.error is None else (failed,)
        case _:
            assert_never(event)


def keep(state: State, got: Fetched) -> Step:
    """Save a bundle as the last good one."""
    return _with(state, replace(state.following, unsaved=got)), (Save(got),)


def save_again(state: State) -> Step:
    """The pause after a disk that refused is over."""
    unsaved = state.following.unsaved
    return state, (Save(unsaved),) if unsaved is not None else ()


def is_kept(state: State, got: Fetched) -> bool:
    """Whether just this bundle is on the disk."""
    kept = state.following.kept
    return kept is not None and (kept.version, kept.hash) == (got.version, got.hash)


def _saved(state: State, event: BundleSaved) -> State:
    following = state.following
    is_last = following.unsaved is None or following.unsaved.version <= event.fetched.version
    last_error = None if following.is_disk_refusing else following.last_error
    kept = replace(following, kept=event.fetched, is_disk_refusing=False, last_error=last_error)
    return _with(state, replace(kept, unsaved=None) if is_last else kept)


def _save_failed(state: State, event: SaveFailed) -> Step:
    following = state.following
    unsaved = following.unsaved or event.fetched
    failed = replace(following, unsaved=unsaved, is_disk_refusing=True, last_error=event.error)
    log = Log(logging.ERROR, "bundle_not_saved", {"error": event.error})
    logs = () if following.is_disk_refusing else (log,)
    return _with(state, failed), (*logs, around(Timer.SAVE, SAVE_AGAIN_S))


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
