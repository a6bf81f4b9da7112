"""Receivers of every kind of ill will, on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chalicelib.adapters import receivers
from chalicelib.adapters.receivers import NO_ANSWER, NOT_PUBLIC, READ_BYTES, HttpReceivers
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.delivery import ANSWER_MAX, Answer
from chalicelib.ports.webhooks import Post
from chalicelib.settings import settings_from

LOCAL = replace(settings_from({}), webhooks_to_loopback=True)
Serve = Callable[[socket.socket, bytes], None]


@contextmanager
def a_receiver(serve: Serve) -> Iterator[Post]:
    """A server of one connection at a time; answers a post to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopped = threading.Event()

        def run() -> None:
            server.settimeout(0.1)
            while not stopped.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        serve(connection, connection.recv(65536))
                    except OSError:
                        continue

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        url = HookUrl("http", "127.0.0.1", server.getsockname()[1], "/in?x=1")
        yield Post(url, {"webhook-id": "evt_1", "Content-Type": "application/json"}, b'{"type":"webhook.test"}')
        stopped.set()
        thread.join()


def says(*parts: bytes) -> Serve:
    def serve(connection: socket.socket, _: bytes) -> None:
        for part in parts:
            connection.sendall(part)

    return serve


def post(serve: Serve) -> Answer:
    with a_receiver(serve) as sent:
        [answer] = HttpReceivers(LOCAL).post_all([sent])
        return answer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "TIME_OUT_S", 0.3)


def test_a_post_arrives_as_it_was_meant() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    answer = post(serve)

    [request] = seen
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nwebhook-id: evt_1\r\n" in head
    assert body == b'{"type":"webhook.test"}'
    assert (answer.status, answer.text, answer.error) == (200, "hello", None)


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (b"HTTP/1.1 500 Oops\r\n\r\nwhy", 500, "why"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", 302, ""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, "abc"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nshort", 200, "short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", 200, "abc"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\nabc", 200, "abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", 200, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe", 200, "\N{REPLACEMENT CHARACTER}" * 2),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"),
    ],
)
def test_the_status_counts_whatever_is_said_of_the_body(raw: bytes, status: int, text: str) -> None:
    answer = post(says(raw))

    assert (answer.status, answer.text) == (status, text)


def test_a_redirect_is_not_followed() -> None:
    asked: list[bytes] = []

    def elsewhere(connection: socket.socket, request: bytes) -> None:
        asked.append(request)

    with a_receiver(elsewhere) as other:
        location = f"Location: {other.url.text}\r\n".encode()
        answer = post(says(b"HTTP/1.1 307 Temporary Redirect\r\n", location, b"Content-Length: 0\r\n\r\n"))

    assert (answer.status, answer.is_success, asked) == (307, False, [])


def test_of_ten_megabytes_the_first_bytes_are_read() -> None:
    sent: list[int] = []

    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
        for _number in range(10_000):
            sent.append(connection.send(1000 * b"x"))

    answer = post(serve)

    assert (answer.status, answer.text) == (200, ANSWER_MAX * "x")
    assert sum(sent) < 10_000_000


def test_a_head_without_an_end_is_not_read_for_ever() -> None:
    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-Filler: " + 1000 * b"x" + b"\r\n")

    answer = post(serve)

    assert answer.status == 200 or answer.error is not None
    assert len(answer.text) <= READ_BYTES


@pytest.mark.parametrize("drops", [[], [b"HTTP/1.1 200 OK\r\n"], [b"H", b"T", b"T", b"P"]])
def test_a_receiver_that_does_not_come_to_the_point_is_left(impatient: None, drops: Sequence[bytes]) -> None:
    gone = threading.Event()

    def serve(connection: socket.socket, _: bytes) -> None:
        for drop in drops:
            connection.sendall(drop)
            gone.wait(0.1)
        gone.wait(3)

    with a_receiver(serve) as sent:
        [answer] = HttpReceivers(LOCAL).post_all([sent])
        gone.set()

    assert (answer.status, answer.error) == (None, NO_ANSWER)


def test_a_body_that_trickles_does_not_hold_up_what_its_head_said(impatient: None) -> None:
    gone = threading.Event()

    def serve(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not gone.wait(0.05):
            connection.sendall(b"x")

    with a_receiver(serve) as sent:
        [answer] = HttpReceivers(LOCAL).post_all([sent])
        gone.set()

    assert answer.is_success


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-OpenSSH\r\n", b"\x16\x03\x01", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_speaks_something_else_is_no_receiver(raw: bytes) -> None:
    answer = post(says(raw))

    assert answer.status is None
    assert answer.error


def test_all_of_a_batch_are_sent_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)

    def serve(connection: socket.socket, _: bytes) -> None:
        together.wait()
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with a_receiver(serve) as one, a_receiver(serve) as two, a_receiver(serve) as three:
        answers = HttpReceivers(LOCAL).post_all([one, two, three])

    assert [answer.status for answer in answers] == [204, 204, 204]


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[object]:
    """Have every name mean these addresses; answers what is connected to."""
    dialled: list[object] = []

    def found(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    def dial(place: object, timeout: float) -> socket.socket:
        dialled.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(socket, "create_connection", dial)
    return dialled


PUBLIC = Post(HookUrl("https", "hooks.example.org", 443, "/"), {}, b"{}")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"]
)
def test_a_name_of_a_private_address_is_not_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    dialled = resolving_to(monkeypatch, address)

    [answer] = HttpReceivers(settings_from({})).post_all([PUBLIC])

    assert (answer.error, dialled) == (NOT_PUBLIC, [])


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled = resolving_to(monkeypatch, "10.0.0.1", "203.0.114.7", "fe80::1", "2606:4700::1111")

    [answer] = HttpReceivers(settings_from({})).post_all([PUBLIC])

    assert dialled == [("203.0.114.7", 443), ("2606:4700::1111", 443)]
    assert answer.error == "the receiver refuses connections"


def test_loopback_is_connected_to_by_the_local_stack_alone() -> None:
    with a_receiver(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as sent:
        [answer] = HttpReceivers(settings_from({})).post_all([sent])

    assert answer.error == NOT_PUBLIC


def test_a_name_that_does_not_exist_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [answer] = HttpReceivers(LOCAL).post_all([PUBLIC])

    assert answer.error == "the name hooks.example.org cannot be resolved"


def test_without_tls_an_https_receiver_is_an_answer() -> None:
    with a_receiver(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as sent:
        [answer] = HttpReceivers(LOCAL).post_all([replace(sent, url=replace(sent.url, scheme="https"))])

    assert answer.error == "the receiver does not speak TLS as it should"
