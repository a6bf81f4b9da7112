"""Receivers of webhooks, over HTTP/1.1.

A receiver is anybody's: its name may mean an address of this network, and its answer may be slow, endless or lie about
its length. So the address is checked that is connected to, all of a request takes TIME_OUT_S at most, and of an answer
READ_BYTES are read. The socket is our own because no client library has one bound for all of a request; what is read is
parsed by the standard library.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from functools import cached_property
from typing import cast

from chalicelib.domain.webhook.address import HookUrl, may_be_sent_to
from chalicelib.domain.webhook.delivery import ANSWER_MAX, Answer
from chalicelib.ports.webhooks import Post
from chalicelib.settings import Settings

TIME_OUT_S = 5.0
READ_BYTES = 16 * 1024  # of an answer: its head, and the first of its body
AT_ONCE = 10  # requests, and as many questions for addresses
TRIED_ADDRESSES = 2  # of a name: one of each family
NO_ANSWER = f"no answer within {TIME_OUT_S:.0f} s"
NOT_PUBLIC = "the host has no public address, and webhooks are sent to public addresses only"


class Failed(Exception):
    """There is no answer; the message says why to a person."""


class HttpReceivers:
    def __init__(self, settings: Settings) -> None:
        self._to_loopback = settings.webhooks_to_loopback
        self._senders = ThreadPoolExecutor(AT_ONCE)
        self._askers = ThreadPoolExecutor(AT_ONCE)  # the system's resolver knows no bound that we could give

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def post_all(self, posts: Sequence[Post]) -> Sequence[Answer]:
        return list(self._senders.map(self._post, posts))

    def _post(self, post: Post) -> Answer:
        begun = time.monotonic()
        try:
            status, text = _parsed(self._exchanged(post, _Deadline(begun + TIME_OUT_S)))
        except (Failed, OSError, http.client.HTTPException, UnicodeError) as error:
            return Answer(_ms(begun), error=_reason(error))
        return Answer(_ms(begun), status, text)

    def _exchanged(self, post: Post, deadline: "_Deadline") -> bytes:
        """The first READ_BYTES of the answer, or what of them came in time."""
        with self._connected(post.url, deadline) as connection:
            connection.settimeout(deadline.left_s())
            connection.sendall(_request(post))
            return _received(connection, deadline)

    def _connected(self, url: HookUrl, deadline: "_Deadline") -> socket.socket:
        addresses = self._addresses(url, deadline)
        connection = _dialled(addresses, url.port, deadline)
        if not url.is_secure:
            return connection
        try:
            connection.settimeout(deadline.left_s())
            return self._trust.wrap_socket(connection, server_hostname=url.host)
        except BaseException:
            connection.close()
            raise

    def _addresses(self, url: HookUrl, deadline: "_Deadline") -> Sequence[str]:
        """Those of a host that may be connected to, the first of each family; raises Failed: there are none."""
        asked = self._askers.submit(socket.getaddrinfo, url.host, url.port, type=socket.SOCK_STREAM)
        try:
            found = asked.result(deadline.left_s())
        except TookTooLong:
            raise Failed(f"the name {url.host} could not be resolved within {TIME_OUT_S:.0f} s") from None
        except socket.gaierror:
            raise Failed(f"the name {url.host} cannot be resolved") from None
        allowed: dict[int, str] = {}
        for family, _, _, _, place in found:
            address = cast(str, place[0])
            if may_be_sent_to(url, address, self._to_loopback):
                allowed.setdefault(family, address)
        if not allowed:
            raise Failed(NOT_PUBLIC)
        return list(allowed.values())[:TRIED_ADDRESSES]


class _Deadline:
    def __init__(self, at: float) -> None:
        self._at = at

    def left_s(self) -> float:
        """Raises TimeoutError: there is nothing left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Received:
    """Bytes in the place of the socket that they came from."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _dialled(addresses: Sequence[str], port: int, deadline: _Deadline) -> socket.socket:
    """Connect to the first that answers. An address, unlike a name, is asked for nowhere again."""
    share = len(addresses)
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), deadline.left_s() / share)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), deadline.left_s())


def _request(post: Post) -> bytes:
    """Both parts of a URL and all headers are visible ASCII by now: nothing can end a line."""
    headers = {"Host": post.url.authority, **post.headers}
    headers |= {"Content-Length": str(len(post.body)), "Connection": "close"}
    head = [f"POST {post.url.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(head).encode("ascii") + post.body


def _received(connection: socket.socket, deadline: _Deadline) -> bytes:
    """The head alone decides: a body that is late or breaks off is taken as far as it came."""
    raw = b""
    try:
        while len(raw) < READ_BYTES:
            connection.settimeout(deadline.left_s())
            some = connection.recv(READ_BYTES - len(raw))
            if not some:
                break
            raw += some
            if _is_whole(raw):
                break
    except OSError:
        if b"\r\n\r\n" not in raw:
            raise
    return raw


def _is_whole(raw: bytes) -> bool:
    """Whether no more is to come, as the receiver itself says."""
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return False
    try:
        answer = http.client.HTTPResponse(cast(socket.socket, _Received(head + end)), method="POST")
        answer.begin()
    except http.client.HTTPException:
        return False
    return answer.length is not None and len(body) >= min(answer.length, ANSWER_MAX)


def _parsed(raw: bytes) -> tuple[int, str]:
    """The status, and the first of the body as text.

    Raises:
        http.client.HTTPException: it is no answer of HTTP.
    """
    answer = http.client.HTTPResponse(cast(socket.socket, _Received(raw)), method="POST")
    answer.begin()
    try:
        body = answer.read(4 * ANSWER_MAX)
    except http.client.IncompleteRead as error:
        body = error.partial
    except http.client.HTTPException:
        body = b""
    return answer.status, body.decode(errors="replace")[:ANSWER_MAX]


def _reason(error: Exception) -> str:
    match error:
        case Failed():
            return str(error)
        case TimeoutError():
            return NO_ANSWER
        case ssl.SSLCertVerificationError():
            return f"the receiver's certificate does not count: {error.verify_message}"
        case ssl.SSLError():
            return "the receiver does not speak TLS as it should"
        case ConnectionRefusedError():
            return "the receiver refuses connections"
        case OSError():
            return "the connection to the receiver broke"
        case _:
            return "the receiver's answer is no HTTP"


def _ms(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
