"""Session and socket: opening, renewing, and coming back after an outage; pure.

A session and its socket are renewed together, before either must end. Nothing here touches
the tunnel: without the control plane it stays as it is.
"""

import logging
from dataclasses import replace
from typing import Any, Literal, assert_never

from agent.core import pauses
from agent.core.effects import CancelTimer, CloseSocket, Effect, Log, OpenSession, OpenSocket, Post, Send, SetTimer
from agent.core.events import LinkEvent, SessionFailed, SessionOpened, SocketClosed, SocketOpened
from agent.core.state import Session, Socket, State, Step
from agent.core.timers import Timer
from agent.core.waiting import RENEWED_WITHIN_S, around, backed_off, come_back, next_try, renewal
from chalicelib.wire.frames import Applied, Heartbeat, Hello

LOG_EVERY_S = 60.0
CALL_ENDS_S = (0.5, 1.0)
NO_WELCOME = "no welcome in time"
NO_ACK = "no answer to a heartbeat in time"
FIRST_HEARTBEAT_S = 10.0
UNAUTHORIZED = 401
FORBIDDEN = 403

LinkTimer = Literal[Timer.CONNECT, Timer.RENEW, Timer.ACK]


def handle(state: State, event: LinkEvent) -> Step:
    match event:
        case SessionOpened():
            return _session_opened(state, event)
        case SessionFailed():
            return _session_failed(state, event)
        case SocketOpened():
            return _socket_opened(state, event)
        case SocketClosed():
            is_cut = event.socket == state.link.number and state.link.socket is Socket.UP
            return _socket_closed(_cut(state, event.at_s) if is_cut else state, event)
        case _:
            assert_never(event)


def fired(state: State, timer: LinkTimer, at_s: float) -> Step:
    match timer:
        case Timer.CONNECT:
            return _connect(state, at_s)
        case Timer.RENEW:
            return _renew(state, at_s)
        case Timer.ACK:
            return _give_up_socket(state, NO_ACK, at_s)
        case _:
            assert_never(timer)


def start(state: State) -> Step:
    return _with(state, session=Session.OPENING), (OpenSession(), next_try(0.0))


def _open_session(state: State, at_s: float) -> Step:
    opening = _with(state, session=Session.OPENING)
    if state.link.socket is Socket.UP:
        return opening, (OpenSession(),)
    return opening, (OpenSession(), next_try(_away_s(state, at_s)))


def _session_opened(state: State, event: SessionOpened) -> Step:
    """Open a socket in the new session. A socket that is up stays until the new one is welcomed, so that nobody takes
    the agent for gone in between. Should the new one not come up, the first heartbeat goes by REST soon."""
    number = state.link.number
    opened = _with(state, session=Session.OPEN, contact_at_s=event.at_s)
    kept, closing = _without_former(opened)
    if state.link.socket is Socket.UP:
        kept = _with(kept, former=number)
    elif state.link.socket is Socket.OPENING:
        closing = (*closing, CloseSocket(number))
    opening, effects = _open_socket(_without_unacked(kept), event.at_s)
    soon = around(Timer.HEARTBEAT, FIRST_HEARTBEAT_S)
    return opening, (*closing, *effects, renewal(event.lifetime_s), CancelTimer(Timer.ACK), soon)


def _session_failed(state: State, event: SessionFailed) -> Step:
    """While a socket lives on the old session, only the renewal is tried again."""
    failures = state.link.failures + 1
    if state.link.socket is Socket.UP:
        renewing, effects = outage(_with(state, session=Session.OPEN, failures=failures), event.reason, event.at_s)
        return renewing, (*effects, backed_off(Timer.RENEW, failures, event.retry_after_s))
    failed = _away(_with(state, session=Session.ABSENT, failures=failures), event.at_s)
    noted, effects = outage(failed, event.reason, event.at_s)
    told, later = _told(noted, event.retry_after_s, event.at_s)
    return told, (*effects, *later)


def session_ended(state: State, at_s: float, retry_in_s: float = 0.0) -> Step:
    """The session is no longer accepted: open another one, after a while."""
    if state.link.session is not Session.OPEN:
        return state, ()
    ended = _with(state, session=Session.ABSENT, failures=state.link.failures + 1, not_before_s=at_s + retry_in_s)
    return ended, (come_back(retry_in_s, _away_s(state, at_s), state.beats.is_jump),)


def session_judged(state: State, status: int | None, at_s: float) -> Step:
    """A call failed with this status: 401 says that the session has ended, any other says nothing about it."""
    return session_ended(state, at_s) if status == UNAUTHORIZED else (state, ())


def _socket_opened(state: State, event: SocketOpened) -> Step:
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
    """The control plane is back: forget the failures. A session that ended meanwhile is still to be opened."""
    good = _with(
        state,
        socket=Socket.UP,
        failures=0,
        away_since_s=None,
        logged_at_s=None,
        last_error=None,
        contact_at_s=at_s,
        pauses=pauses.opened(state.link.pauses, at_s),
    )
    alone, closing = _without_former(good)
    if state.link.session is not Session.ABSENT:
        closing = (*closing, CancelTimer(Timer.CONNECT))
    return alone, (*closing, Log(logging.INFO, "control_plane_connected"))


def _socket_closed(state: State, event: SocketClosed) -> Step:
    """Come back soon if the socket was up, or was to replace one that is up. If it was a try to come back, the next
    try stays due when it was."""
    if event.socket != state.link.number or state.link.socket is Socket.CLOSED:
        return state, ()
    is_try = state.link.socket is Socket.OPENING and state.link.former is None
    is_refused = event.status in (UNAUTHORIZED, FORBIDDEN) and state.link.session is Session.OPEN
    closed = _with(
        _without_unacked(state),
        socket=Socket.CLOSED,
        failures=state.link.failures + 1,
        session=Session.ABSENT if is_refused else state.link.session,
    )
    alone, closing = _without_former(_away(closed, event.at_s))
    noted, effects = outage(alone, event.reason, event.at_s)
    told, later = _told(noted, event.retry_after_s, event.at_s)
    if not is_try and not later:
        later = (come_back(max(0.0, told.link.not_before_s - event.at_s), 0.0, told.beats.is_jump),)
    return told, (*closing, *effects, CancelTimer(Timer.ACK), *later)


def _connect(state: State, at_s: float) -> Step:
    """Try again what is missing: first the session, then the socket. A socket that hangs is left behind."""
    link = state.link
    if link.session is Session.ABSENT:
        return _open_session(state, at_s)
    if link.session is Session.OPENING:  # a call cannot be left behind, but it ends
        return state, (SetTimer(Timer.CONNECT, *CALL_ENDS_S),) if link.socket is not Socket.UP else ()
    if link.socket is Socket.UP:
        return state, ()
    if link.former is not None:
        return _give_up_socket(state, NO_WELCOME, at_s)
    if link.socket is Socket.CLOSED:
        return _open_socket(state, at_s)
    closed, effects = _give_up_socket(state, NO_WELCOME, at_s)
    opening, more = _open_socket(closed, at_s)
    return opening, (*effects, *more)


def _renew(state: State, at_s: float) -> Step:
    return _open_session(state, at_s) if state.link.session is Session.OPEN else (state, ())


def _give_up_socket(state: State, reason: str, at_s: float) -> Step:
    """Close a socket that stays silent, and come back. The way to the control plane is not to blame for that end."""
    number = state.link.number
    closed, effects = _socket_closed(state, SocketClosed(socket=number, status=None, reason=reason, at_s=at_s))
    return closed, (CloseSocket(number), *effects)


def outage(state: State, reason: str, at_s: float) -> Step:
    """Note why the control plane is away, and log it about once a minute."""
    logged_at_s = state.link.logged_at_s
    noted = _with(state, last_error=reason)
    if logged_at_s is not None and at_s - logged_at_s < LOG_EVERY_S:
        return noted, ()
    fields = {"reason": reason, "failures": state.link.failures}
    return _with(noted, logged_at_s=at_s), (Log(logging.WARNING, "control_plane_away", fields),)


def post(state: State, frame: Heartbeat | Applied) -> Step:
    """Send a frame by REST. The caller has made sure that no other such frame waits for its answer."""
    return _with(state, is_posting=True), (Post(frame),)


def posted(state: State) -> State:
    """The frame that was sent by REST has its answer, or will have none."""
    return _with(state, is_posting=False)


def heard(state: State, at_s: float) -> State:
    """A frame came over the open socket."""
    return _with(state, pauses=pauses.heard(state.link.pauses, at_s))


def contacted(state: State, at_s: float) -> State:
    """The control plane answered a call or a heartbeat."""
    return _with(state, contact_at_s=at_s)


def _open_socket(state: State, at_s: float) -> Step:
    """A socket that replaces one that is up may take its time; a try to come back is followed by the next one soon."""
    number = state.link.number + 1
    is_renewal = state.link.former is not None
    due = SetTimer(Timer.CONNECT, RENEWED_WITHIN_S, RENEWED_WITHIN_S) if is_renewal else next_try(_away_s(state, at_s))
    return _with(state, socket=Socket.OPENING, number=number), (OpenSocket(number), due)


def _told(state: State, retry_after_s: float | None, at_s: float) -> Step:
    """Heed the wait that an answer asked for, however long the control plane has been away."""
    if retry_after_s is None:
        return state, ()
    later = come_back(retry_after_s, _away_s(state, at_s), state.beats.is_jump)
    return _with(state, not_before_s=at_s + later.low_s), (later,)


def _cut(state: State, at_s: float) -> State:
    """The open socket was ended by the other side, or on the way."""
    return _with(state, pauses=pauses.closed(state.link.pauses, at_s))


def _away(state: State, at_s: float) -> State:
    return state if state.link.away_since_s is not None else _with(state, away_since_s=at_s)


def _away_s(state: State, at_s: float) -> float:
    since_s = state.link.away_since_s
    return 0.0 if since_s is None else max(0.0, at_s - since_s)


def _without_former(state: State) -> tuple[State, tuple[Effect, ...]]:
    former = state.link.former
    return _with(state, former=None), () if former is None else (CloseSocket(former),)


def _without_unacked(state: State) -> State:
    return replace(state, beats=state.beats.losing(lambda _: True))


def _with(state: State, **changes: Any) -> State:
    return replace(state, link=replace(state.link, **changes))
