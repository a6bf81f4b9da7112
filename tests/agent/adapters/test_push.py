"""The socket against a real server on loopback."""

from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from agent.adapters.push import WebSocketPush
from agent.events import Event, FrameReceived, SocketClosed, SocketOpened
from agent.settings import socket_url
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import ConfigChanged, Hello, Welcome
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle
from tests.agent.origin import Origin

HELLO = Hello(instance_id="i", generation=0, revision=0, hash="")


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(network_id=NETWORK_ID, peer_id=PEER_ID, bundle=a_bundle(5)) as made:
        made.sessions = 1
        yield made


def a_push(origin: Origin, bearer: str = "session-1") -> tuple[WebSocketPush, SimpleQueue[Event]]:
    events: SimpleQueue[Event] = SimpleQueue()
    return WebSocketPush(socket_url(origin.url), lambda: bearer, events.put), events


def test_frames_go_both_ways(origin: Origin) -> None:
    push, events = a_push(origin)
    push.open(1)
    assert isinstance(events.get(timeout=5), SocketOpened)

    push.send(1, encode(HELLO))

    received = events.get(timeout=5)
    assert isinstance(received, FrameReceived)
    assert received.frame == Welcome(generation=0, wanted=5, heartbeat_interval_s=30)
    assert origin.frames == [HELLO]
    push.close(1)


def test_a_hint_is_an_event_of_its_socket(origin: Origin) -> None:
    push, events = a_push(origin)
    push.open(7)
    assert isinstance(events.get(timeout=5), SocketOpened)
    push.send(7, encode(HELLO))  # before it the server may not know the socket yet
    events.get(timeout=5)
    hint = ConfigChanged(network_id=NETWORK_ID, generation=0, revision=6)

    origin.push(hint)

    received = events.get(timeout=5)
    assert isinstance(received, FrameReceived)
    assert (received.socket, received.frame) == (7, hint)
    push.close(7)


def test_a_refused_handshake_tells_its_status(origin: Origin) -> None:
    push, events = a_push(origin, bearer="wrong")
    push.open(1)

    closed = events.get(timeout=5)

    assert isinstance(closed, SocketClosed)
    assert closed.status == 401
    assert "wrong" not in closed.reason


def test_a_server_that_closes_or_is_not_there_is_told(origin: Origin) -> None:
    push, events = a_push(origin)
    push.open(1)
    events.get(timeout=5)

    origin.stop()
    assert isinstance(events.get(timeout=5), SocketClosed)
    push.open(2)

    closed = events.get(timeout=5)
    assert isinstance(closed, SocketClosed)
    assert (closed.socket, closed.status) == (2, None)
    origin.restart()


def test_closing_wakes_the_thread_that_reads(origin: Origin) -> None:
    push, events = a_push(origin)
    push.open(1)
    events.get(timeout=5)

    push.close(1)

    assert isinstance(events.get(timeout=5), SocketClosed)


def test_sending_on_a_socket_that_is_gone_is_no_error(origin: Origin) -> None:
    push, _ = a_push(origin)

    push.send(3, encode(HELLO))
    push.close(3)
