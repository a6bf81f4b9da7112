"""Calls to the control plane: each bounded as a whole, in time and in size, over one connection that is kept alive.

By urllib3's connections, without its pools; `requests` would be 8 MB of memory more.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from time import monotonic
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from agent.adapters.control_plane.connecting import Connection, Deadline, Way
from agent.adapters.control_plane.connecting import Unanswered as Unanswered
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.kept import Connections
from agent.adapters.control_plane.reasons import CUT_OFF, sentence

ALWAYS_SAID = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "wirety-agent"}
MOST_BYTES = 16 * 1024 * 1024  # of a body, unpacked; the largest bundle has 5
CHUNK_BYTES = 65_536
SHORTEST_S = 1.0
GZIP = 31  # zlib's window bits for gzip's format


class NothingCame(Unanswered):
    """Not even the head of an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by any case; `content` uncompressed."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Call:
    """`until_s`: monotonic; the whole of it is over by then."""

    method: str
    url: str
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    until_s: float


def pool(server: str, dialler: Dialler | None = None) -> Connections:
    """Connections to one origin, kept alive: by the dialler, through the environment's proxy if there is one.

    Raises:
        SettingsInvalid: that proxy cannot be used.
    """
    return Connections(Way.to(server, dialler))


def ask(
    through: Connections,
    method: str,
    url: str,
    timeouts_s: tuple[float, float],
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One call, no redirect. `timeouts_s`: to connect, to read; together they bound the whole call.

    A GET that a kept connection leaves without an answer is asked once more by a fresh one: networks forget
    connections, and servers close them, at any moment.

    Raises:
        Unanswered.
    """
    connect_s, read_s = timeouts_s
    call = Call(method, url, body, {**ALWAYS_SAID, **(headers or {})}, monotonic() + connect_s + read_s)
    kept = through.take()
    if kept is not None:
        is_repeatable = method == "GET"
        try:
            return _answer(through, kept, call, min(connect_s, read_s) if is_repeatable else read_s)
        except NothingCame:
            if not is_repeatable:
                raise
    return _answer(through, through.way.open(connect_s), call, read_s)


def _answer(through: Connections, connection: Connection, call: Call, silent_s: float) -> Answer:
    """`silent_s`: how long nothing may come."""
    left_s = max(SHORTEST_S, call.until_s - monotonic())
    silent_s = min(silent_s, left_s)
    too_late = f"no whole answer within {left_s:.0f} s"
    has_head = False
    with Deadline(lambda: connection.sock, left_s) as deadline:
        try:
            response = _asked(through.way, connection, call, silent_s)
            has_head = True
            content = _body(response)
        except Unanswered:
            connection.close()
            raise
        except (HTTPError, HTTPException, OSError) as failed:
            connection.close()
            if has_head or deadline.is_over:
                raise Unanswered(too_late if deadline.is_over else sentence(failed, silent_s)) from failed
            raise NothingCame(sentence(failed, silent_s)) from failed
    if deadline.is_over:  # which ends a head, or a body of no known length, as its sender would
        connection.close()
        raise Unanswered(too_late)
    if connection.sock is not None:
        through.keep(connection)
    return Answer(response.status, response.headers, content)


def _asked(way: Way, connection: Connection, call: Call, silent_s: float) -> BaseHTTPResponse:
    """The head of the answer."""
    parts = urlsplit(call.url)
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    headers = dict(call.headers)
    if way.is_forwarded:
        target, headers = call.url, {**headers, **way.login()}
    connection.timeout = silent_s
    if connection.sock is not None:
        connection.sock.settimeout(silent_s)
    connection.request(
        call.method, target, body=call.body, headers=headers, preload_content=False, decode_content=False
    )
    return connection.getresponse()


def _body(response: BaseHTTPResponse) -> bytes:
    """Unpacked; never more than `MOST_BYTES` is in memory, whatever is said of its size."""
    unpacking = zlib.decompressobj(GZIP) if response.headers.get("Content-Encoding", "") == "gzip" else None
    content = bytearray()
    while chunk := response.read(CHUNK_BYTES, decode_content=False):
        content += chunk if unpacking is None else _unpacked(unpacking, chunk, MOST_BYTES + 1 - len(content))
        if len(content) > MOST_BYTES:
            raise Unanswered(f"the answer is larger than {MOST_BYTES // 1024 // 1024} MiB")
    if unpacking is not None and not unpacking.eof and content:
        raise Unanswered(CUT_OFF)
    return bytes(content)


def _unpacked(unpacking: "zlib._Decompress", chunk: bytes, room_bytes: int) -> bytes:
    try:
        return unpacking.decompress(chunk, max(1, room_bytes))
    except zlib.error as damaged:
        raise Unanswered("the answer is not packed as it says") from damaged
