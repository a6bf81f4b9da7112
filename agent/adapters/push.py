"""The socket: one thread for each connection, which turns frames into events."""

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlsplit

import msgspec
import websocket

from agent.adapters.dialling import Dialler
from agent.adapters.outgoing import certificates, proxy_of
from agent.adapters.retry_after import retry_after_s
from agent.events import Event, FrameReceived, SocketClosed, SocketOpened
from chalicelib.wire.frames import ToAgent

CONNECT_WITHIN_S = 10.0
NORMAL_CLOSURE = 1000  # RFC 6455 section 7.4.1
KEEPALIVE_S = 45  # under what NATs and mobile networks forget; nothing may be due to be sent for minutes
KEEPALIVE_AGAIN_S = 5
KEEPALIVE_TRIES = 3
UNANSWERED_MS = 30_000

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WebSocketPush:
    """`bearer` gives the session of the moment; `emit` takes the events."""

    url: str
    bearer: Callable[[], str]
    emit: Callable[[Event], None]
    dialler: Dialler | None = None
    _open: dict[int, websocket.WebSocket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wanted: int = 0

    def open(self, socket: int) -> None:
        self._wanted = socket
        threading.Thread(target=self._live, args=(socket, self.bearer()), daemon=True, name="socket").start()

    def send(self, socket: int, frame: bytes) -> None:
        connection = self._open.get(socket)
        if connection is None:
            return
        try:
            connection.send_text(frame.decode())
        except (websocket.WebSocketException, OSError):
            _wake(connection)  # its thread reports it closed

    def close(self, socket: int) -> None:
        if socket == self._wanted:
            self._wanted = 0
        connection = self._open.get(socket)
        if connection is None:
            return
        with contextlib.suppress(websocket.WebSocketException, OSError):
            connection.send_close(NORMAL_CLOSURE)
        _wake(connection)

    def _live(self, number: int, bearer: str) -> None:
        """Connect, receive until the end, report the end."""
        status, reason, told_s = None, "the socket was closed", None
        connection = None
        try:
            connection = self._connect(bearer)
            with self._lock:
                self._open[number] = connection
            if self._wanted == number:
                self.emit(SocketOpened(socket=number, at_s=monotonic()))
                self._receive(number, connection)
        except websocket.WebSocketBadStatusException as refused:
            status, reason = refused.status_code, f"the socket was refused with {refused.status_code}"
            told_s = retry_after_s(refused.resp_headers or {})
        except (websocket.WebSocketException, OSError) as failed:
            reason = f"the socket failed ({type(failed).__name__})"
        finally:
            with self._lock:
                self._open.pop(number, None)
            if connection is not None:
                connection.shutdown()  # type: ignore[no-untyped-call]
        ended = SocketClosed(socket=number, status=status, reason=reason, retry_after_s=told_s, at_s=monotonic())
        self.emit(ended)

    def _connect(self, bearer: str) -> websocket.WebSocket:
        connection: websocket.WebSocket = websocket.create_connection(
            self.url,
            timeout=CONNECT_WITHIN_S,
            header=[f"Authorization: Bearer {bearer}"],
            sockopt=kept_alive(),
            enable_multithread=True,
            suppress_origin=True,
            sslopt=tls() if self.url.startswith("wss:") else None,
            socket=self._dialled(),
        )
        if connection.sock is not None:
            keep_alive_on_old_windows(connection.sock)
        return connection

    def _dialled(self) -> socket.socket | None:
        """A connection, TLS included, which the library takes as it is; through a proxy it makes its own."""
        origin = "http" + self.url.removeprefix("ws")
        if self.dialler is None or proxy_of(origin):
            return None
        parts = urlsplit(origin)
        host, is_secure = parts.hostname or "", parts.scheme == "https"
        made = self.dialler.connect(host, parts.port or (443 if is_secure else 80), CONNECT_WITHIN_S, kept_alive())
        return tls()["context"].wrap_socket(made, server_hostname=host) if is_secure else made

    def _receive(self, number: int, connection: websocket.WebSocket) -> None:
        """Emit frames until the server closes; a frame of a kind not known yet is skipped."""
        while True:
            try:
                opcode, data = connection.recv_data()
            except websocket.WebSocketTimeoutException:
                continue  # nothing to say is no fault
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return
            try:
                frame: ToAgent = msgspec.json.decode(data, type=ToAgent)
            except msgspec.DecodeError:
                logger.info("frame_not_understood", extra={"size_bytes": len(data)})
                continue
            self.emit(FrameReceived(socket=number, frame=frame, at_s=monotonic()))


def kept_alive() -> list[tuple[int, int, int]]:
    """Socket options by which the kernel asks an idle peer whether it lives: a NAT does not forget the connection, a
    dead path is seen within a minute, and none of it is a message that costs. What a platform lacks is left out."""
    named = (
        ("TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE", KEEPALIVE_S),  # the latter on macOS
        ("TCP_KEEPINTVL", KEEPALIVE_AGAIN_S),
        ("TCP_KEEPCNT", KEEPALIVE_TRIES),
        ("TCP_USER_TIMEOUT", UNANSWERED_MS),
        ("TCP_NODELAY", 1),
    )
    known = ((getattr(socket, name, None), value) for name, value in named)
    options = [(socket.IPPROTO_TCP, option, value) for option, value in known if option is not None]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]


def keep_alive_on_old_windows(connection: socket.socket) -> None:
    """Windows before 10 1709 knows none of the options, but this call."""
    values = getattr(socket, "SIO_KEEPALIVE_VALS", None)
    if values is not None and not hasattr(socket, "TCP_KEEPIDLE"):
        connection.ioctl(values, (1, KEEPALIVE_S * 1000, KEEPALIVE_AGAIN_S * 1000))  # type: ignore[attr-defined]


def _wake(connection: websocket.WebSocket) -> None:
    """End the connection under its thread, which closing the descriptor would not wake."""
    with contextlib.suppress(OSError):
        connection.abort()  # type: ignore[no-untyped-call]


def tls() -> dict[str, ssl.SSLContext]:
    """The certificates that REST calls trust, so that both ways work or neither."""
    return {"context": ssl.create_default_context(cafile=certificates())}
