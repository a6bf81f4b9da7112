"""The agent's decisions: `step(state, event)` gives the next state and the effects.

An event is something that happened: the agent was started, a frame arrived, a job came to an
outcome, a timer fired. The state is all that the agent knows. An effect is something that the
runtime shall do next: send a frame, set or cancel a timer, write a line of log, or begin a job. A
job is an effect that takes time, on the host or with the control plane, and each one ends in just
one event. A timer fires once, at a random moment between two bounds; setting it again replaces it.

A step takes one event in. First the decision to which the event belongs handles it. Then four
decisions that follow from the state alone, whatever has changed it, are made: whether a report is
to be sent, a bundle to be fetched or taken up, a key to be changed, and how often tunnels are
watched. There is no clock, socket, thread or randomness in here: the time comes with the events,
and the runtime waits and draws.
"""

from dataclasses import replace
from typing import assert_never

from agent.core import (
    applying,
    bundles,
    failover,
    frames,
    healing,
    heartbeats,
    lifecycle,
    link,
    reports,
    resets,
    rotation,
    saving,
    trials,
)
from agent.core import events as ev
from agent.core.state import HeartbeatState, Rotation, State, Step, Work, then
from agent.core.timers import Timer
from agent.core.trial_window import CONFIRM_WITHIN_S
from agent.core.waiting import HEARTBEAT_S


def initial(
    network_id: str,
    peer_id: str,
    instance_id: str,
    confirm_within_s: float = CONFIRM_WITHIN_S,
    is_guard: bool = False,
    keys: Rotation | None = None,
) -> State:
    """The state before the first event. `keys`: the agent's own, as they are on the disk; `None`: none is replaced."""
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
    """Take one event in; the effects are to be performed in their order."""
    if state.following.work is Work.ENDING:
        return lifecycle.ending(state, event)
    return then(
        trials.heard(state, event),
        lambda after: _handled(after, event),
        reports.pursue,
        lambda after: bundles.pursue(after, event.at_s),
        rotation.pursue,
        lambda after: failover.linked(state, after),
    )


def _handled(state: State, event: ev.Event) -> Step:  # noqa: C901  one flat case a decision
    match event:
        case ev.Deleted() if lifecycle.is_of_another(state, event):
            failed = event.otherwise
            return _handled(state, replace(failed, at_s=event.at_s)) if failed is not None else (state, ())
        case ev.Started() | ev.StopRequested() | ev.Deleted() | ev.TornDown() | ev.TearDownFailed():
            return lifecycle.handle(state, event)
        case ev.SessionOpened() | ev.SessionFailed() | ev.SocketOpened() | ev.SocketClosed():
            return link.handle(state, event)
        case ev.FrameReceived() | ev.Posted() | ev.PostFailed():
            return frames.handle(state, event)
        case ev.BundleFetched() | ev.BundleUnchanged() | ev.FetchFailed():
            return bundles.handle(state, event)
        case ev.BundleApplied() | ev.ApplyFailed():
            return applying.handle(state, event)
        case ev.BundleSaved() | ev.SaveFailed() | ev.Remembered():
            return saving.handle(state, event)
        case ev.Probed() | ev.RouteSeen() | ev.RolledBack() | ev.RollBackFailed():
            return trials.handle(state, event)
        case ev.HostChanged() | ev.Reconciled() | ev.ReconcileFailed():
            return healing.handle(state, event)
        case ev.Observed():
            return then(heartbeats.observed(state, event), lambda after: failover.observed(after, event))
        case ev.TunnelLost() | ev.TunnelAnswers() | ev.Rehomed():
            return failover.handle(state, event)
        case ev.PeerReset():
            return resets.done(state, event)
        case ev.KeyMade() | ev.KeysTold() | ev.KeySwitched() | ev.KeyRefused() | ev.KeysFailed():
            return rotation.handle(state, event)
        case ev.TimerFired():
            return _fired(state, event.timer, event.at_s)
        case _:
            assert_never(event)


def _fired(state: State, timer: Timer, at_s: float) -> Step:  # noqa: C901  one flat case a decision
    match timer:
        case Timer.CONNECT | Timer.RENEW | Timer.ACK:
            return link.fired(state, timer, at_s)
        case Timer.FETCH | Timer.TURN | Timer.FULL_FETCH:
            return bundles.fired(state, timer)
        case Timer.REPORT:
            return reports.released(state), ()
        case Timer.SAVE:
            return saving.save_again(state)
        case Timer.PROBE:
            return trials.look(state)
        case Timer.RECONCILE:
            return healing.look(state, at_s)
        case Timer.HEARTBEAT:
            return heartbeats.observe_now(state)
        case Timer.ALONE:
            return failover.alone(state, at_s)
        case Timer.KEYS | Timer.KEY_AGE:
            return rotation.fired(state, timer), ()
        case Timer.RELIEVED | Timer.TEAR_DOWN:
            return lifecycle.fired(state, timer)
        case _:
            assert_never(timer)
