"""The beginning and the end of an agent: start, stop, and deletion of its peer; pure.

Only a tombstone that names this peer takes the tunnel down. A stop leaves it as it is.
"""

import logging
from dataclasses import replace
from typing import Literal, assert_never

from agent.core import bundles, heartbeats, link, rotation, trials
from agent.core.effects import CloseSocket, Exit, Log, TearDown
from agent.core.events import (
    Deleted,
    Event,
    LifecycleEvent,
    Started,
    StopRequested,
    TearDownFailed,
    TimerFired,
    TornDown,
)
from agent.core.state import Session, Socket, State, Step, Work, then
from agent.core.timers import Timer
from agent.core.waiting import FULL_FETCH_S, HEARTBEAT_S, RECONCILE_S, around, backed_off, within

EXIT_STOPPED = 0
EXIT_PEER_DELETED = 3

LifecycleTimer = Literal[Timer.RELIEVED, Timer.TEAR_DOWN]


def handle(state: State, event: LifecycleEvent) -> Step:
    match event:
        case Started():
            return then(_started(state, event), heartbeats.watch, link.start, _with_first_timers, rotation.started)
        case StopRequested():
            return _stopped(state)
        case Deleted():
            return _deleted(state, event)
        case TornDown() | TearDownFailed():
            return _torn_down(state, event)
        case _:
            assert_never(event)


def fired(state: State, timer: LifecycleTimer) -> Step:
    match timer:
        case Timer.RELIEVED:
            return _relieved(state) if state.is_guard else (state, ())
        case Timer.TEAR_DOWN:
            return state, () if state.tombstone is None else (TearDown(state.tombstone),)
        case _:
            assert_never(timer)


def ending(state: State, event: Event) -> Step:
    """Of an agent that was deleted or stopped: only the removal of the tunnel and a further stop matter any more."""
    if isinstance(event, StopRequested):
        return state, (Exit(EXIT_STOPPED if state.tombstone is None else EXIT_PEER_DELETED),)
    if isinstance(event, TornDown | TearDownFailed):
        return _torn_down(state, event)
    is_due = isinstance(event, TimerFired) and event.timer is Timer.TEAR_DOWN
    return fired(state, Timer.TEAR_DOWN) if is_due else (state, ())


def is_of_another(state: State, deleted: Deleted) -> bool:
    """Whether a tombstone names another peer: then the call that it answered has merely failed."""
    tombstone = deleted.tombstone
    return (tombstone.network_id, tombstone.peer_id) != (state.network_id, state.peer_id)


def _started(state: State, event: Started) -> Step:
    started = bundles.started(state, event.saved, event.at_s)
    return trials.resumed(started[0], event.tried) if event.tried is not None else started


def _with_first_timers(state: State) -> Step:
    timers = (within(Timer.HEARTBEAT, HEARTBEAT_S), around(Timer.FULL_FETCH, FULL_FETCH_S))
    return state, (*timers, around(Timer.RECONCILE, RECONCILE_S))


def _stopped(state: State) -> Step:
    return _ended(state), (CloseSocket(state.link.number), Log(logging.INFO, "agent_stopped"), Exit(EXIT_STOPPED))


def _relieved(state: State) -> Step:
    """A guard stops, unless there is a trial again or the end of the last one is not told yet."""
    following = state.following
    if following.trial is not None:
        return state, ()
    if following.unreported is not None or state.link.is_posting:
        return state, trials.relief(state)
    return _stopped(state)


def _deleted(state: State, event: Deleted) -> Step:
    tombstone = event.tombstone
    fields = {"network_id": tombstone.network_id, "peer_id": tombstone.peer_id}
    log = Log(logging.ERROR, "peer_deleted", fields)
    return replace(_ended(state), tombstone=tombstone), (CloseSocket(state.link.number), log, TearDown(tombstone))


def _torn_down(state: State, event: TornDown | TearDownFailed) -> Step:
    if isinstance(event, TornDown):
        return state, (Exit(EXIT_PEER_DELETED),)
    log = Log(logging.ERROR, "tunnel_not_removed", {"error": event.error})
    return state, (log, backed_off(Timer.TEAR_DOWN, failures=3))


def _ended(state: State) -> State:
    closed = replace(state.link, session=Session.ABSENT, socket=Socket.CLOSED)
    return replace(state, link=closed, following=replace(state.following, work=Work.ENDING))
