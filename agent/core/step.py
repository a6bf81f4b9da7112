"""The agent's decisions: `step(state, event)` gives the next state and what to do.

No clock, socket, thread or randomness: time comes in with events, waiting and jitter go out
as timers. Only a tombstone that names this peer takes the tunnel down.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from agent.bundle.received import Version
from agent.core import bundles as following
from agent.core import events as ev
from agent.core import failover as homes
from agent.core import heartbeats as beats
from agent.core import link, resets, rotation
from agent.core import trials as proving
from agent.core.effects import CloseSocket, Exit, Log, Send, TearDown
from agent.core.state import HeartbeatState, Rotation, Session, Socket, State, Step, Work
from agent.core.timers import FULL_FETCH_S, HEARTBEAT_S, RECONCILE_S, around, backed_off, within
from agent.core.trial_window import CONFIRM_WITHIN_S
from chalicelib.wire.frames import (
    Ack,
    Applied,
    Bye,
    ConfigChanged,
    Heartbeat,
    Probe,
    ProbeReply,
    Reset,
    ToAgent,
    Welcome,
)

EXIT_STOPPED = 0
EXIT_PEER_DELETED = 3
FIRST_HEARTBEAT_S = 10.0
UNAUTHORIZED = 401


def initial(
    network_id: str,
    peer_id: str,
    instance_id: str,
    confirm_within_s: float = CONFIRM_WITHIN_S,
    is_guard: bool = False,
    keys: Rotation | None = None,
) -> State:
    """`keys`: the agent's own, as they lie on the disk; None: they stay as they are."""
    return State(
        network_id=network_id,
        peer_id=peer_id,
        instance_id=instance_id,
        beats=HeartbeatState(interval_s=HEARTBEAT_S),
        confirm_within_s=confirm_within_s,
        is_guard=is_guard,
        rotation=keys or Rotation(),
    )


def step(state: State, event: ev.Event) -> Step:
    """Take one event in; the effects are to be performed in order."""
    if state.following.work is Work.ENDING:
        return _ending(state, event)
    asked_at_s = event.at_s if event.asked_at_s is None else event.asked_at_s
    heard = proving.answered(state, asked_at_s) if _is_answer(event) else (state, ())
    return _then(
        heard,
        lambda after: _handled(after, event),
        following.report,
        lambda after: following.pursue(after, event.at_s),
        rotation.pursue,
        lambda after: homes.linked(state, after),
    )


def _is_answer(event: ev.Event) -> bool:
    """Whether the control plane answered a call."""
    match event:
        case ev.SessionOpened() | ev.Posted() | ev.BundleFetched() | ev.BundleUnchanged() | ev.KeysTold():
            return True
        case ev.Probed():
            return event.is_answered
        case ev.SessionFailed() | ev.PostFailed() | ev.FetchFailed():
            return event.status is not None
        case _:
            return False


def _handled(state: State, event: ev.Event) -> Step:
    match event:
        case ev.Started():
            opening = (beats.watch, link.start, _with_first_timers, rotation.started)
            return _then(_started(state, event), *opening)
        case ev.StopRequested():
            return _stopped(state)
        case ev.TimerFired():
            return _link_fired(state, event)
        case ev.Deleted():
            return _deleted(state, event)
        case ev.Observed():
            return _then(beats.observed(state, event), lambda after: homes.observed(after, event))
        case ev.HostChanged():
            return following.disturbed(state), ()
        case ev.Posted():
            return _posted(link.posted(state), event)
        case ev.PostFailed():
            return _post_failed(state, event)
        case _:
            return _linked(state, event)


def _started(state: State, event: ev.Started) -> Step:
    started = following.started(state, event.saved, event.at_s)
    return proving.resumed(started[0], event.tried) if event.tried is not None else started


def _linked(state: State, event: ev.Event) -> Step:
    """What came of opening the session or the socket, and what the socket brings."""
    match event:
        case ev.SessionOpened():
            return _then(link.session_opened(state, event), _with_early_heartbeat)
        case ev.SessionFailed():
            return link.session_failed(state, event)
        case ev.SocketOpened():
            return link.socket_opened(state, event)
        case ev.SocketClosed():
            is_cut = event.socket == state.link.number and state.link.socket is Socket.UP
            return link.socket_closed(beats.closed(state, event.at_s) if is_cut else state, event)
        case ev.FrameReceived():
            is_current = event.socket == state.link.number and state.link.socket is not Socket.CLOSED
            return _received(beats.heard(state, event.at_s), event.frame, event.at_s) if is_current else (state, ())
        case _:
            return _worked(state, event)


def _worked(state: State, event: ev.Event) -> Step:
    """What came of a fetch, an apply, a look at the host or a save."""
    match event:
        case ev.BundleFetched():
            return following.fetched(link.contacted(state, event.at_s), event)
        case ev.BundleUnchanged():
            return following.unchanged(link.contacted(state, event.at_s))
        case ev.FetchFailed():
            return _then(following.fetch_failed(state, event), _ends_session(event.status, event.at_s))
        case ev.BundleApplied():
            return _applied(state, event)
        case ev.ApplyFailed():
            return _then(following.apply_failed(state, event), lambda after: proving.begun(after, event))
        case ev.BundleSaved():
            return following.saved(state, event), ()
        case ev.SaveFailed():
            return following.save_failed(state, event)
        case ev.Reconciled():
            looked = following.reconciled(state, event.made)
            return _then(looked, beats.observe_now) if event.made.is_changed else looked
        case ev.ReconcileFailed():
            return following.reconcile_failed(state, event.error)
        case _:
            return _proved(state, event)


def _applied(state: State, event: ev.BundleApplied) -> Step:
    known = rotation.knows_bundle(beats.knows_peers(state, event.fetched), event.fetched)
    became_other = known.beats.is_jump != state.beats.is_jump
    done = _then(following.applied(known, event), *([beats.watch] if became_other else []))
    return _then(done, lambda after: proving.begun(after, event), lambda after: homes.known(after, event.fetched))


def _proved(state: State, event: ev.Event) -> Step:
    """What came of a bundle's trial."""
    match event:
        case ev.Probed():
            return proving.probed(state, event)
        case ev.RouteSeen():
            return proving.route_seen(state, event)
        case ev.RolledBack():
            back = proving.rolled_back(beats.knows_peers(state, event.fetched), event)
            return _then(back, lambda after: homes.known(after, event.fetched))
        case ev.RollBackFailed():
            return proving.rollback_failed(state, event)
        case ev.PeerReset():
            return resets.done(state), (Log(logging.WARNING, "peer_reset", {"error": event.error}),)
        case ev.Remembered(error=str()):
            return state, (Log(logging.ERROR, "refusal_not_saved", {"error": event.error}),)
        case _:
            return _of_tunnels(state, event)


def _of_tunnels(state: State, event: ev.Event) -> Step:
    """What is seen of jumps' tunnels, and what was done about it."""
    match event:
        case ev.TunnelLost():
            return homes.lost(state, event)
        case ev.TunnelAnswers():
            return homes.answers(state, event)
        case ev.Rehomed():
            return homes.rehomed(state, event)
        case _:
            return _rotated(state, event)


def _rotated(state: State, event: ev.Event) -> Step:
    """What came of a step from one key to the next."""
    status = event.status if isinstance(event, ev.KeysFailed) else None
    kept = [homes.rekeyed] if isinstance(event, ev.KeySwitched) else []
    return _then(rotation.happened(state, event), _ends_session(status, event.at_s), *kept)


def _link_fired(state: State, event: ev.TimerFired) -> Step:
    match event.timer:
        case ev.Timer.CONNECT:
            return link.connect(state, event.at_s)
        case ev.Timer.RENEW:
            return link.renew(state, event.at_s)
        case ev.Timer.ACK:
            return link.give_up_socket(state, "no answer to a heartbeat in time", event.at_s)
        case _:
            return _fired(state, event)


def _fired(state: State, event: ev.TimerFired) -> Step:
    match event.timer:
        case ev.Timer.FETCH | ev.Timer.TURN | ev.Timer.REPORT:
            return following.waited(state, event.timer), ()
        case ev.Timer.FULL_FETCH:
            return following.full_due(state), (around(event.timer, FULL_FETCH_S),)
        case ev.Timer.HEARTBEAT:
            return beats.observe_now(state)
        case ev.Timer.RECONCILE:
            return following.look(state, event.at_s)
        case ev.Timer.PROBE:
            return proving.look(state)
        case ev.Timer.RELIEVED if state.is_guard:
            return _relieved(state)
        case ev.Timer.SAVE:
            return following.save_again(state)
        case ev.Timer.ALONE:
            return homes.alone(state, event.at_s)
        case _:
            return rotation.fired(state, event.timer), ()


def _relieved(state: State) -> Step:
    """A guard goes, unless there is a trial again or its end is not told yet."""
    following = state.following
    if following.trial is not None:
        return state, ()
    if following.unreported is not None or state.link.is_posting:
        return state, proving.relief(state)
    return _stopped(state)


def _stopped(state: State) -> Step:
    return _ended(state), (CloseSocket(state.link.number), Log(logging.INFO, "agent_stopped"), Exit(EXIT_STOPPED))


def _received(state: State, frame: ToAgent, at_s: float) -> Step:
    match frame:
        case Welcome():
            good, effects = link.welcomed(state, at_s)
            paced = beats.welcomed(following.released(good), frame.heartbeat_interval_s, at_s)
            wanted = Version(frame.generation, frame.wanted)
            hinted = _then((paced, effects), lambda after: following.hinted(after, wanted, at_s))
            if state.link.former is None:
                return _then(hinted, beats.observe_now)
            return _then(hinted, lambda after: beats.renewed(after, at_s))
        case Ack():
            return _acked(state, frame, at_s)
        case ConfigChanged():
            if frame.network_id != state.network_id:
                return state, ()
            newer = Version(frame.generation, frame.revision)
            return following.hinted(state, newer, at_s, frame.within_ms / 1000)
        case Probe():
            return state, (Send(state.link.number, ProbeReply()),)
        case Reset():
            return resets.asked(state, frame.peer_id, at_s)
        case Bye():
            if frame.reason == "peer_deleted":  # the fetch brings the tombstone
                return following.ended(state, frame.retry_in_s)
            return link.session_ended(state, at_s, frame.retry_in_s)
        case _:
            assert_never(frame)


def _acked(state: State, ack: Ack, at_s: float) -> Step:
    acked = beats.acked(link.contacted(state, at_s), ack)
    return _then(acked, lambda after: following.hinted(after, Version(ack.generation, ack.wanted), at_s))


def _posted(state: State, event: ev.Posted) -> Step:
    acked = _acked(state, event.ack, event.at_s) if event.ack is not None else (following.reported(state), ())
    return _then(acked, lambda after: beats.posted(after, event.at_s))


def _post_failed(state: State, event: ev.PostFailed) -> Step:
    """A lost heartbeat is told again by the next."""
    frame, posted = event.frame, link.posted(state)
    match frame:
        case Heartbeat():
            kept: Step = beats.lost(posted, frame.seq), ()
        case Applied():
            kept = following.not_reported(posted, frame)
        case _:
            kept = posted, ()
    away = _then(kept, lambda after: link.outage(after, event.reason, event.at_s))
    return _then(away, _ends_session(event.status, event.at_s), beats.not_posted)


def _deleted(state: State, event: ev.Deleted) -> Step:
    """A 410 whose tombstone names another peer is an outage of whatever was asked."""
    tombstone = event.tombstone
    if (tombstone.network_id, tombstone.peer_id) != (state.network_id, state.peer_id):
        return _handled(state, event.otherwise) if event.otherwise is not None else (state, ())
    fields = {"network_id": tombstone.network_id, "peer_id": tombstone.peer_id}
    log = Log(logging.ERROR, "peer_deleted", fields)
    return replace(_ended(state), tombstone=tombstone), (CloseSocket(state.link.number), log, TearDown(tombstone))


def _ending(state: State, event: ev.Event) -> Step:
    """Deleted or stopped: nothing matters any more but to take the tunnel down, and to go."""
    match event:
        case ev.TornDown():
            return state, (Exit(EXIT_PEER_DELETED),)
        case ev.TearDownFailed():
            log = Log(logging.ERROR, "tunnel_not_removed", {"error": event.error})
            return state, (log, backed_off(ev.Timer.TEAR_DOWN, failures=3))
        case ev.TimerFired(timer=ev.Timer.TEAR_DOWN) if state.tombstone is not None:
            return state, (TearDown(state.tombstone),)
        case ev.StopRequested():
            return state, (Exit(EXIT_STOPPED if state.tombstone is None else EXIT_PEER_DELETED),)
        case _:
            return state, ()


def _ended(state: State) -> State:
    closed = replace(state.link, session=Session.ABSENT, socket=Socket.CLOSED)
    return replace(state, link=closed, following=replace(state.following, work=Work.ENDING))


def _ends_session(status: int | None, at_s: float) -> Callable[[State], Step]:
    return lambda state: link.session_ended(state, at_s) if status == UNAUTHORIZED else (state, ())


def _with_first_timers(state: State) -> Step:
    timers = (within(ev.Timer.HEARTBEAT, HEARTBEAT_S), around(ev.Timer.FULL_FETCH, FULL_FETCH_S))
    return state, (*timers, around(ev.Timer.RECONCILE, RECONCILE_S))


def _with_early_heartbeat(state: State) -> Step:
    """Should the socket not come up, the first heartbeat goes by REST without much delay."""
    return state, (around(ev.Timer.HEARTBEAT, FIRST_HEARTBEAT_S),)


def _then(so_far: Step, *functions: Callable[[State], Step]) -> Step:
    state, effects = so_far
    for function in functions:
        state, more = function(state)
        effects = (*effects, *more)
    return state, effects
