"""The socket: one thread for each connection, which turns frames into events."""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import msgspec
import websocket

from agent.adapters.control_plane.connecting import Deadline, Unanswered, Way, wake
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.reasons import CUT_OFF, sentence
from agent.adapters.control_plane.retry_after import retry_after_s
from agent.core.events import Event, FrameReceived, SocketClosed, SocketOpened
from chalicelib.wire.frames import ToAgent

CONNECT_WITHIN_S = 10.0
NORMAL_CLOSURE = 1000  # RFC 6455 section 7.4.1

MOST_BYTES = 1024 * 1024  # of a message; API Gateway sends 128 KB at most

logger = logging.getLogger(__name__)


class Bounded(websocket.WebSocket):
    """Ends with a message that would fill the memory, in one frame or in many."""

    _taken_bytes = 0

    def recv_data(self, control_frame: bool = False) -> tuple[int, bytes]:
        message: tuple[int, bytes] = super().recv_data(control_frame)
        self._taken_bytes = 0
        return message

    def _recv(self, bufsize: int) -> bytes:
        received: bytes = super()._recv(bufsize)  # type: ignore[no-untyped-call]
        self._taken_bytes += len(received)
        if self._taken_bytes > MOST_BYTES:
            raise websocket.WebSocketPayloadException("the message is too large")
        return received


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
            wake(connection.sock)  # its thread reports it closed

    def close(self, socket: int) -> None:
        if socket == self._wanted:
            self._wanted = 0
        connection = self._open.get(socket)
        if connection is None:
            return
        with contextlib.suppress(websocket.WebSocketException, OSError):
            connection.send_close(NORMAL_CLOSURE)
        wake(connection.sock)

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
        except (Unanswered, websocket.WebSocketException, OSError, ValueError) as failed:  # the latter of odd headers
            reason = f"the socket failed: {_reason(failed)}"
        finally:
            with self._lock:
                self._open.pop(number, None)
            if connection is not None:
                connection.shutdown()  # type: ignore[no-untyped-call]
        ended = SocketClosed(socket=number, status=status, reason=reason, retry_after_s=told_s, at_s=monotonic())
        self.emit(ended)

    def _connect(self, bearer: str) -> websocket.WebSocket:
        """Redirects are not followed: the session is this origin's alone."""
        way = Way.to("http" + self.url.removeprefix("ws"), self.dialler)
        under: Any = way.open(CONNECT_WITHIN_S, is_tunnelled=True).sock
        with Deadline(lambda: under, CONNECT_WITHIN_S):
            connection: websocket.WebSocket = websocket.create_connection(
                self.url,
                timeout=CONNECT_WITHIN_S,
                header=[f"Authorization: Bearer {bearer}"],
                enable_multithread=True,
                suppress_origin=True,
                redirect_limit=0,
                socket=under,
                class_=Bounded,
            )
        return connection

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


def _reason(failed: Exception) -> str:
    match failed:
        case websocket.WebSocketTimeoutException():
            return f"no answer within {CONNECT_WITHIN_S:g} s"
        case websocket.WebSocketConnectionClosedException():
            return CUT_OFF
        case websocket.WebSocketProtocolException():
            return "what answers there does not keep to the protocol"
        case websocket.WebSocketPayloadException():
            return "it sent a message that is too large, or no text"
        case websocket.WebSocketException():
            return "what answers there makes no socket of it"
        case Unanswered():
            return str(failed)
        case _:
            return sentence(failed, CONNECT_WITHIN_S)
