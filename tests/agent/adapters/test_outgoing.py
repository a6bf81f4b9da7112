"""Calls through the environment's proxy, with its certificates, and never further than asked."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import certifi
import pytest

from agent.adapters.outgoing import Unanswered, ask, certificates, pool

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
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("status", [200, 302, 401, 410, 503])
def test_every_status_is_an_answer_and_no_redirect_is_followed(server: Server, status: int) -> None:
    server.status = status

    answer = ask(pool(server.url), "GET", f"{server.url}/x", WITHIN)

    assert (answer.status_code, answer.text, answer.ok) == (status, "hi", status < 400)
    assert len(server.asked) == 1


def test_no_answer_is_named_without_the_url() -> None:
    with pytest.raises(Unanswered) as failed:
        ask(pool("http://127.0.0.1:1"), "GET", "http://127.0.0.1:1/?secret=1", WITHIN)

    assert str(failed.value) == "NewConnectionError"


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


def test_certificates_are_the_named_ones_or_those_that_come_along(monkeypatch: pytest.MonkeyPatch) -> None:
    assert certificates() == certifi.where()

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/own.pem")

    assert certificates() == "/etc/ssl/own.pem"
