"""Applying: what follows when the host took a bundle, or did not; pure.

A bundle that is in force names this agent's peers, its homes and its keys, so the decisions about
heartbeats, failover and rotation learn of it here.
"""

import logging
from dataclasses import replace
from typing import assert_never

from agent.core import failover, healing, heartbeats, reports, rotation, saving, trials
from agent.core.effects import Effect, Log
from agent.core.events import ApplyEvent, ApplyFailed, BundleApplied
from agent.core.state import Following, State, Step, Work, then
from agent.core.timers import Timer
from agent.core.waiting import backed_off


def handle(state: State, event: ApplyEvent) -> Step:
    match event:
        case BundleApplied():
            known = rotation.knows_bundle(heartbeats.knows_peers(state, event.fetched), event.fetched)
            became_other = known.beats.is_jump != state.beats.is_jump
            return then(
                _applied(known, event),
                *([heartbeats.watch] if became_other else []),
                lambda after: trials.begun(after, event),
                lambda after: failover.known(after, event.fetched),
            )
        case ApplyFailed():
            return then(_apply_failed(state, event), lambda after: trials.begun(after, event))
        case _:
            assert_never(event)


def _applied(state: State, event: BundleApplied) -> Step:
    """A bundle from the disk needs no report, for hello names it. A bundle on trial is saved when it is proved."""
    got, following = event.fetched, state.following
    is_from_disk = saving.is_kept(state, got)
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
        unreported=None if is_from_disk else reports.of_attempt(following, got, event.at_s),
    )
    fields = {
        "generation": got.version.generation,
        "revision": got.version.revision,
        "changed": event.made.is_changed,
        "conflicts": list(event.made.conflicts),
        "ms": reports.elapsed_ms(following, event.at_s),
    }
    effects: tuple[Effect, ...] = (Log(logging.INFO, "bundle_applied", fields), healing.next_look(event.made))
    if is_from_disk or event.is_on_trial:
        return _with(state, done), effects
    kept, save = saving.keep(_with(state, done), got)
    return kept, (*save, *effects)


def _apply_failed(state: State, event: ApplyFailed) -> Step:
    """A wrong bundle is dropped until its successor comes; a host that refused is asked again later."""
    got, following = event.fetched, state.following
    failures = following.apply_failures + 1
    fields = {"generation": got.version.generation, "revision": got.version.revision, "error": event.error}
    failed = replace(following, work=Work.IDLE, apply_failures=failures, last_error=event.error)
    if failures == 1 and not saving.is_kept(state, got):
        failed = replace(failed, unreported=reports.of_attempt(following, got, event.at_s, event.error))
    if event.is_refused:
        refused = replace(failed, target=None, target_at_s=None, refused=max(got.version, failed.refused))
        return _with(state, refused), (Log(logging.ERROR, "bundle_refused", fields),)
    log = (Log(logging.ERROR, "bundle_not_applied", fields),) if failures == 1 else ()
    return _with(state, failed), (*log, backed_off(Timer.RECONCILE, failures + 1))


def _with(state: State, following: Following) -> State:
    return replace(state, following=following)
