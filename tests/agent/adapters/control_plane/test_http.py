"""Calls: through the environment's proxy, bounded in time and size, and never further than asked."""

import base64
import gzip
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

import pytest

from agent.adapters.control_plane import dialling, kept
from agent.adapters.control_plane.http import MOST_BYTES, Unanswered, ask, pool
from agent.adapters.control_plane.kept import Connections
from tests.agent.authority import clear_environment
from tests.agent.raw import HEAD, Raw, Serve, body

WITHIN = (2.0, 2.0)


@dataclass
class Server:
    """A web server, or a proxy: it answers whatever it is asked."""

    port: int = 0
    status: int = 200
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers.get("Proxy-Authorization")))
            self.send_response(made.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"hi")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.port = listening.server_address[1]
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield made
    listening.shutdown()
    listening.server_close()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_environment(monkeypatch)


@pytest.mark.parametrize("status", [200, 302, 401, 410, 503])
def test_every_status_is_an_answer_and_no_redirect_is_followed(server: Server, status: int) -> None:
    server.status = status

    answer = ask(pool(server.url), "GET", f"{server.url}/x", WITHIN)

    assert (answer.status_code, answer.text, answer.ok) == (status, "hi", status < 400)
    assert len(server.asked) == 1


def test_no_answer_is_named_without_the_url() -> None:
    with pytest.raises(Unanswered) as failed:
        ask(pool("http://127.0.0.1:1"), "GET", "http://127.0.0.1:1/?secret=1", WITHIN)

    assert str(failed.value) == "connection refused"


def test_a_proxy_of_the_environment_is_asked_with_its_login(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://us%40er:pa%3Ass@127.0.0.1:{server.port}")

    answer = ask(pool("http://vpn.example.com"), "GET", "http://vpn.example.com/x", WITHIN)

    login = base64.b64encode(b"us@er:pa:ss").decode()
    assert answer.ok
    assert server.asked == [("http://vpn.example.com/x", f"Basic {login}")]


def test_a_host_in_no_proxy_is_asked_directly(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    assert ask(pool(server.url), "GET", f"{server.url}/x", WITHIN).ok


def dripping(head: bytes) -> Serve:
    """A byte again and again, each sooner than any time-out."""

    def serve(connection: socket.socket, _: int) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.05)

    return serve


def get(through: Connections, url: str, within: tuple[float, float] = WITHIN) -> bytes:
    return ask(through, "GET", url, within).content


@pytest.mark.parametrize(
    "head",
    [
        HEAD % 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
        HEAD % 100_000 + b"Content-Encoding: gzip\r\n\r\n",
        b"",
    ],
    ids=["body", "head", "chunk", "gzip", "status"],
)
def test_an_answer_that_trickles_in_is_given_up(head: bytes) -> None:
    with Raw(dripping(head)) as server, pool(server.url) as through:
        began_s = monotonic()
        with pytest.raises(Unanswered):
            get(through, server.url, (0.4, 0.4))

    assert monotonic() - began_s < 5


def test_a_trickle_is_called_an_answer_that_was_not_whole() -> None:
    with (
        Raw(dripping(HEAD % 100_000 + b"\r\n")) as server,
        pool(server.url) as through,
        pytest.raises(Unanswered, match="no whole answer within 2 s"),
    ):
        get(through, server.url, (1.0, 1.0))


@pytest.mark.parametrize("packed", [True, False])
def test_a_body_is_taken_up_to_a_size_and_no_further(packed: bool) -> None:
    for size_bytes, is_taken in ((MOST_BYTES, True), (MOST_BYTES + 1, False), (100_000_000, False)):
        content = gzip.compress(bytes(size_bytes), 1) if packed else bytes(size_bytes)
        headers = b"Content-Encoding: gzip\r\n" if packed else b""
        with Raw(body(content, headers)) as server, pool(server.url) as through:
            if is_taken:
                assert len(get(through, server.url, (10.0, 10.0))) == size_bytes
            else:
                with pytest.raises(Unanswered, match="larger than 16 MiB"):
                    get(through, server.url, (10.0, 10.0))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(gzip.compress(b"whole", mtime=0)[:-12], "cut off"), (b"no gzip at all", "not packed")],
)
def test_a_body_that_is_not_packed_as_it_says_is_no_answer(content: bytes, reason: str) -> None:
    with (
        Raw(body(content, b"Content-Encoding: gzip\r\n")) as server,
        pool(server.url) as through,
        pytest.raises(Unanswered, match=reason),
    ):
        get(through, server.url)


def test_a_connection_is_kept_until_it_may_be_forgotten_or_the_host_has_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an idle minute or a suspend did to a connection shows only when it is used: it is not used then."""
    clock, wall = [1000.0], [5000.0]
    with Raw(body(b"{}")) as server, pool(server.url) as through:
        monkeypatch.setattr(kept, "monotonic", lambda: clock[0])
        monkeypatch.setattr(kept, "time", lambda: wall[0])
        connections = []
        for awake_s, asleep_s in ((0.0, 0.0), (59.0, 0.0), (60.0, 0.0), (1.0, 4.0), (1.0, 6.0), (1.0, -6.0)):
            clock[0] += awake_s
            wall[0] += awake_s + asleep_s
            get(through, server.url)
            connections.append(server.connections)

    assert connections == [1, 1, 2, 2, 3, 4]


def silent_after_one(connection: socket.socket, number: int) -> None:
    """Each connection answers once, as one whose mapping a NAT forgot; it is not closed."""
    seen = connection.get_inheritable()
    connection.set_inheritable(True)
    if not seen:
        connection.sendall(HEAD % 2 + b"\r\n{}")


def test_a_kept_connection_that_died_silently_costs_a_get_a_moment_and_no_failure() -> None:
    with Raw(silent_after_one) as server, pool(server.url) as through:
        answers = [get(through, server.url, (0.3, 5.0)) for _ in range(3)]

    assert answers == [b"{}"] * 3
    assert server.connections == 3


def test_a_post_is_never_sent_twice() -> None:
    with Raw(silent_after_one) as server, pool(server.url) as through:
        ask(through, "POST", server.url, (0.3, 0.3), b"1")
        with pytest.raises(Unanswered, match=r"no answer within 0\.3 s"):
            ask(through, "POST", server.url, (0.3, 0.3), b"2")

    assert [request.rpartition(b"\r\n\r\n")[2] for request in server.requests].count(b"2") == 1


def test_a_server_that_closes_after_each_answer_is_asked_by_a_fresh_connection() -> None:
    closed = threading.Semaphore(0)

    def serve(connection: socket.socket, number: int) -> None:
        body(b"{}")(connection, number)
        connection.close()
        closed.release()

    with Raw(serve) as server, pool(server.url) as through:
        for _ in range(3):
            assert ask(through, "POST", server.url, WITHIN, b"1").content == b"{}"
            assert closed.acquire(timeout=10)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "the connection was cut off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers there does not speak HTTP"),
        (HEAD % 10 + b"\r\n{}", "the connection was cut off"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "what answers there does not speak HTTP"),
    ],
)
def test_what_is_no_answer_is_said_in_words(said: bytes, reason: str) -> None:
    def serve(connection: socket.socket, _: int) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_RDWR)

    with Raw(serve) as server, pool(server.url) as through, pytest.raises(Unanswered) as failed:
        get(through, server.url)

    assert str(failed.value) == reason


def test_silence_and_names_without_an_address_are_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Raw(lambda *_: None) as server,
        pool(server.url) as through,
        pytest.raises(Unanswered, match=r"^no answer within 0\.2 s$"),
    ):
        get(through, server.url, (1.0, 0.2))

    for number, reason in ((socket.EAI_NONAME, "the name has no address"), (socket.EAI_AGAIN, "nobody answers for")):
        failure = socket.gaierror(number, "of the resolver")
        monkeypatch.setattr(dialling, "look_up", lambda *_, failure=failure: _raise(failure))
        with pool("http://vpn.example.com") as through, pytest.raises(Unanswered, match=reason):
            get(through, "http://vpn.example.com/x")


def _raise(failure: Exception) -> None:
    raise failure
