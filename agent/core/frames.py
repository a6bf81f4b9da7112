"""Frames: what the control plane says over the socket, and what came of those sent to it by REST; pure."""

from typing import assert_never

from agent.bundle.received import Version
from agent.core import bundles, heartbeats, link, reports, resets
from agent.core.effects import Send
from agent.core.events import FrameEvent, FrameReceived, Posted, PostFailed
from agent.core.state import Socket, State, Step, then
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


def handle(state: State, event: FrameEvent) -> Step:
    match event:
        case FrameReceived():
            is_current = event.socket == state.link.number and state.link.socket is not Socket.CLOSED
            return _received(link.heard(state, event.at_s), event.frame, event.at_s) if is_current else (state, ())
        case Posted():
            return _posted(link.posted(state), event)
        case PostFailed():
            return _post_failed(link.posted(state), event)
        case _:
            assert_never(event)


def _received(state: State, frame: ToAgent, at_s: float) -> Step:
    match frame:
        case Welcome():
            return _welcomed(state, frame, at_s)
        case Ack():
            return _acked(state, frame, at_s)
        case ConfigChanged():
            return _config_changed(state, frame, at_s)
        case Probe():
            return state, (Send(state.link.number, ProbeReply()),)
        case Reset():
            return resets.asked(state, frame.peer_id, at_s)
        case Bye():
            if frame.reason == "peer_deleted":
                return bundles.peer_deleted(state, frame.retry_in_s)
            return link.session_ended(state, at_s, frame.retry_in_s)
        case _:
            assert_never(frame)


def _welcomed(state: State, welcome: Welcome, at_s: float) -> Step:
    """The socket is open; a heartbeat follows at once, unless the socket took over from one that was open."""
    connected, effects = link.welcomed(state, at_s)
    paced = heartbeats.paced(bundles.released(connected), welcome.heartbeat_interval_s)
    wanted = Version(welcome.generation, welcome.wanted)
    is_first = state.link.former is None
    return then(
        (paced, effects),
        lambda after: bundles.hinted(after, wanted, at_s),
        lambda after: heartbeats.observe_now(after) if is_first else heartbeats.renewed(after, at_s),
    )


def _acked(state: State, ack: Ack, at_s: float) -> Step:
    acked = heartbeats.acked(link.contacted(state, at_s), ack)
    return then(acked, lambda after: bundles.hinted(after, Version(ack.generation, ack.wanted), at_s))


def _config_changed(state: State, hint: ConfigChanged, at_s: float) -> Step:
    if hint.network_id != state.network_id:
        return state, ()
    return bundles.hinted(state, Version(hint.generation, hint.revision), at_s, hint.within_ms / 1000)


def _posted(state: State, event: Posted) -> Step:
    acked = _acked(state, event.ack, event.at_s) if event.ack is not None else (reports.reported(state), ())
    return then(acked, lambda after: heartbeats.posted(after, event.at_s))


def _post_failed(state: State, event: PostFailed) -> Step:
    """What a lost heartbeat told is told again by the next one; only some reports are sent again."""
    match event.frame:
        case Heartbeat():
            lost: Step = heartbeats.lost(state, event.frame.seq), ()
        case Applied():
            lost = reports.not_reported(state, event.frame)
        case _:
            assert_never(event.frame)
    return then(
        lost,
        lambda after: link.outage(after, event.reason, event.at_s),
        lambda after: link.session_judged(after, event.status, event.at_s),
        heartbeats.not_posted,
    )
