"""Session and socket: opening, renewing, and coming back after an outage; pure.

A session and its socket are renewed together, before either must end. Nothing here touches
the tunnel: without the control plane it stays as it is.
"""

import logging
from dataclasses import replace
from typing import Any

from agent.effects import CancelTimer, CloseSocket, Effect, Log, OpenSession, OpenSocket, Post, Send, SetTimer
from agent.events import SessionFailed, SessionOpened, SocketClosed, SocketOpened, Timer
from agent.state import Session, Socket, State, Step
from agent.waiting import WELCOME_WITHIN_S, backed_off, renewal
from chalicelib.wire.frames import Applied, Heartbeat, Hello

LOG_EVERY_S = 60.0
UNAUTHORIZED = 401
FORBIDDEN = 403


def open_session(state: State) -> Step:
    return _with(state, session=Session.OPENING), (OpenSession(),)


def session_opened(state: State, event: SessionOpened) -> Step:
    """Open a socket for it. One that is up stays until the new one is welcomed, so that nobody takes the agent for
    gone in between."""
    number = state.link.number
    opened = _with(state, session=Session.OPEN, contact_at_s=event.at_s)
    kept, closing = _without_former(opened)
    if state.link.socket is Socket.UP:
        kept = _with(kept, former=number)
    elif state.link.socket is Socket.OPENING:
        closing = (*closing, CloseSocket(number))
    opening, effects = _open_socket(_without_unacked(kept))
    return opening, (*closing, *effects, renewal(event.lifetime_s), CancelTimer(Timer.ACK))


def session_failed(state: State, event: SessionFailed) -> Step:
    """While a socket lives on the old session, only the renewal is tried again."""
    failures = state.link.failures + 1
    is_renewing = state.link.socket is Socket.UP
    failed = _with(state, session=Session.OPEN if is_renewing else Session.ABSENT, failures=failures)
    noted, effects = outage(failed, event.reason, event.at_s)
    return noted, (*effects, backed_off(Timer.RENEW if is_renewing else Timer.CONNECT, failures))


def session_ended(state: State) -> Step:
    """The session is no longer accepted: open another, after a back-off."""
    if state.link.session is not Session.OPEN:
        return state, ()
    failures = state.link.failures + 1
    return _with(state, session=Session.ABSENT, failures=failures), (backed_off(Timer.CONNECT, failures),)


def socket_opened(state: State, event: SocketOpened) -> Step:
    if event.socket != state.link.number:
        return state, ()
    following = state.following
    hello = Hello(
        instance_id=state.instance_id,
        generation=following.applied.generation,
        revision=following.applied.revision,
        hash=following.applied_hash,
    )
    return state, (Send(event.socket, hello),)


def welcomed(state: State, at_s: float) -> Step:
    """The control plane is back: forget the failures."""
    good = _with(state, socket=Socket.UP, failures=0, logged_at_s=None, last_error=None, contact_at_s=at_s)
    alone, closing = _without_former(good)
    return alone, (*closing, CancelTimer(Timer.WELCOME), Log(logging.INFO, "control_plane_connected"))


def socket_closed(state: State, event: SocketClosed) -> Step:
    if event.socket != state.link.number or state.link.socket is Socket.CLOSED:
        return state, ()
    failures = state.link.failures + 1
    is_refused = event.status in (UNAUTHORIZED, FORBIDDEN) and state.link.session is Session.OPEN
    closed = _with(
        _without_unacked(state),
        socket=Socket.CLOSED,
        failures=failures,
        session=Session.ABSENT if is_refused else state.link.session,
    )
    alone, closing = _without_former(closed)
    noted, effects = outage(alone, event.reason, event.at_s)
    timers = (CancelTimer(Timer.WELCOME), CancelTimer(Timer.ACK), backed_off(Timer.CONNECT, failures))
    return noted, (*closing, *effects, *timers)


def connect(state: State) -> Step:
    """Whatever is missing first: the session, else the socket."""
    if state.link.session is Session.ABSENT:
        return open_session(state)
    if state.link.session is Session.OPEN and state.link.socket is Socket.CLOSED:
        return _open_socket(state)
    return state, ()


def renew(state: State) -> Step:
    return open_session(state) if state.link.session is Session.OPEN else (state, ())


def give_up_socket(state: State, reason: str, at_s: float) -> Step:
    """Close a socket that stays silent, and come back."""
    number = state.link.number
    closed, effects = socket_closed(state, SocketClosed(socket=number, status=None, reason=reason, at_s=at_s))
    return closed, (CloseSocket(number), *effects)


def outage(state: State, reason: str, at_s: float) -> Step:
    """Note why the control plane is away; about a line of log a minute."""
    logged_at_s = state.link.logged_at_s
    noted = _with(state, last_error=reason)
    if logged_at_s is not None and at_s - logged_at_s < LOG_EVERY_S:
        return noted, ()
    fields = {"reason": reason, "failures": state.link.failures}
    return _with(noted, logged_at_s=at_s), (Log(logging.WARNING, "control_plane_away", fields),)


def post(state: State, frame: Heartbeat | Applied) -> Step:
    """Send a frame by REST. The caller has seen that none is without its answer."""
    return _with(state, is_posting=True), (Post(frame),)


def posted(state: State) -> State:
    """What was sent by REST has its answer, or will have none."""
    return _with(state, is_posting=False)


def contacted(state: State, at_s: float) -> State:
    return _with(state, contact_at_s=at_s)


def _open_socket(state: State) -> Step:
    number = state.link.number + 1
    timer = SetTimer(Timer.WELCOME, WELCOME_WITHIN_S, WELCOME_WITHIN_S)
    return _with(state, socket=Socket.OPENING, number=number), (OpenSocket(number), timer)


def _without_former(state: State) -> tuple[State, tuple[Effect, ...]]:
    former = state.link.former
    return _with(state, former=None), () if former is None else (CloseSocket(former),)


def _without_unacked(state: State) -> State:
    return replace(state, beats=state.beats.losing(lambda _: True))


def _with(state: State, **changes: Any) -> State:
    return replace(state, link=replace(state.link, **changes))
