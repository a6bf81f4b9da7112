"""The socket against a real server on loopback."""

import base64
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue

import pytest

from agent.adapters.control_plane import socket as push_module
from agent.adapters.control_plane.keepalive import keep_alive_on_old_windows, kept_alive
from agent.adapters.control_plane.socket import MOST_BYTES, WebSocketPush
from agent.core.events import Event, FrameReceived, SocketClosed, SocketOpened
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


@pytest.mark.parametrize(("said", "told_s"), [("7", 7.0), (None, None)])
def test_a_refused_handshake_tells_when_to_come_again(origin: Origin, said: str | None, told_s: float | None) -> None:
    origin.fails_with, origin.retry_after = 429, said
    push, events = a_push(origin)

    push.open(1)

    ended = events.get(timeout=5)
    assert isinstance(ended, SocketClosed)
    assert (ended.status, ended.retry_after_s) == (429, told_s)


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
    push, events = a_push(origin)

    push.send(3, encode(HELLO))
    push.close(3)

    assert events.empty()


def test_an_idle_socket_is_kept_alive_by_the_kernel(origin: Origin) -> None:
    push, events = a_push(origin)
    push.open(1)
    assert isinstance(events.get(timeout=5), SocketOpened)

    (connection,) = push._open.values()
    assert connection.sock is not None

    names = ("SO_KEEPALIVE", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
    levels = (socket.SOL_SOCKET, *[socket.IPPROTO_TCP] * 4)
    options = [
        connection.sock.getsockopt(level, getattr(socket, name)) for level, name in zip(levels, names, strict=True)
    ]
    assert options == [1, 45, 5, 3, 30_000]
    push.close(1)


def test_a_platform_that_names_the_options_otherwise_or_lacks_them_is_served_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_USER_TIMEOUT"):
        monkeypatch.delattr(socket, name)
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", 16, raising=False)  # macOS

    assert (socket.IPPROTO_TCP, 16, 45) in kept_alive()

    monkeypatch.delattr(socket, "TCP_KEEPALIVE")
    monkeypatch.delattr(socket, "TCP_KEEPCNT")
    assert kept_alive() == [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


def test_an_old_windows_is_asked_by_its_own_call(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked:
        def ioctl(self, control: int, values: tuple[int, int, int]) -> None:
            asked.append((control, values))

    asked: list[tuple[int, tuple[int, int, int]]] = []
    keep_alive_on_old_windows(Asked())  # type: ignore[arg-type]
    assert asked == []

    monkeypatch.delattr(socket, "TCP_KEEPIDLE")
    monkeypatch.setattr(socket, "SIO_KEEPALIVE_VALS", 7, raising=False)
    keep_alive_on_old_windows(Asked())  # type: ignore[arg-type]

    assert asked == [(7, (1, 45_000, 5_000))]


def test_a_socket_stays_while_the_next_one_opens_until_it_is_closed(origin: Origin) -> None:
    push, events = a_push(origin)
    push.open(1)
    assert isinstance(events.get(timeout=5), SocketOpened)

    push.open(2)
    opened = events.get(timeout=5)
    push.close(1)
    closed = events.get(timeout=5)
    push.send(2, encode(HELLO))
    received = events.get(timeout=5)

    assert isinstance(opened, SocketOpened)
    assert isinstance(closed, SocketClosed)
    assert isinstance(received, FrameReceived)
    assert (opened.socket, closed.socket, received.socket) == (2, 1, 2)
    push.close(2)


@pytest.mark.parametrize("parts", [1, 8])
def test_a_message_that_would_fill_the_memory_ends_its_socket(parts: int) -> None:
    with a_server(lambda connection: connection.sendall(b"".join(frames(2 * MOST_BYTES, parts)))) as url:
        closed = first_close(url)

    assert closed.reason == "the socket failed: it sent a message that is too large, or no text"


def test_a_handshake_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_module, "CONNECT_WITHIN_S", 0.3)

    def trickle(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with a_server(trickle, shakes_hands=False) as url:
        closed = first_close(url)

    assert closed.reason.startswith("the socket failed: ")


def test_a_redirect_is_not_followed_with_the_session() -> None:
    asked: list[int] = []
    with a_server(lambda _: asked.append(1)) as elsewhere:

        def redirect(connection: socket.socket) -> None:
            there = elsewhere.replace("ws", "http", 1)
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode())

        with a_server(redirect, shakes_hands=False) as url:
            closed = first_close(url)

    assert (closed.status, closed.reason) == (None, "the socket failed: what answers there makes no socket of it")
    assert asked == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "the connection was cut off"),
        (b"nonsense\r\n\r\n", "what answers there makes no socket of it"),
        (b"HTTP/1.1 101 \xff\xfe\r\n\r\n", "what answers there makes no socket of it"),
    ],
)
def test_why_a_socket_failed_is_said_in_words(said: bytes, reason: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(said)

    with a_server(serve, shakes_hands=False) as url:
        closed = first_close(url)

    assert reason in closed.reason
    assert "Exception" not in closed.reason
    assert "Error" not in closed.reason


def first_close(url: str) -> SocketClosed:
    events: SimpleQueue[Event] = SimpleQueue()
    WebSocketPush(url, lambda: "session", events.put).open(1)
    while not isinstance(event := events.get(timeout=10), SocketClosed):
        continue
    return event


def frames(size_bytes: int, parts: int) -> Iterator[bytes]:
    """A text in one frame, or in a beginning and what continues it (RFC 6455, section 5.4)."""
    for number in range(parts):
        opcode = (0x80 if number == parts - 1 else 0) | (1 if number == 0 else 0)
        part = size_bytes // parts
        yield struct.pack("!BBQ", opcode, 127, part) + b"x" * part


@contextmanager
def a_server(serve: Callable[[socket.socket], object], shakes_hands: bool = True) -> Iterator[str]:
    """Speaks raw bytes, after the handshake of RFC 6455, section 4.2.2."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65_536)
            if shakes_hands:
                key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
                digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
                )
            serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws"
        listening.shutdown(socket.SHUT_RDWR)
