"""The environment's proxy: by one rule for calls and sockets, dialled as everything is."""

import base64
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent.adapters.control_plane.connecting import Unanswered
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.http import ask, pool
from agent.adapters.control_plane.proxies import Proxy, proxy_of
from agent.adapters.control_plane.socket import WebSocketPush
from agent.core.events import Event, SocketClosed
from agent.errors import SettingsInvalid
from tests.agent.authority import OK, Authority, SecureServer, clear_environment
from tests.agent.listener import Listener
from tests.agent.sealed import FAR, a_sealed_host

WITHIN = (2.0, 2.0)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_environment(monkeypatch)


@dataclass
class TunnelProxy(Listener):
    """Lets CONNECT through to loopback, or answers `refuses_with`; `heads`: what it was told."""

    refuses_with: int | None = None
    host: str = "127.0.0.1"
    heads: list[str] = field(default_factory=list)

    def take(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        self.heads.append(head.decode())
        if not head.startswith(b"CONNECT"):
            connection.sendall(OK)
        elif self.refuses_with is not None:
            connection.sendall(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % self.refuses_with)
        else:
            target = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", target)) as there:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=_pump, args=(there, connection), daemon=True).start()
                _pump(connection, there)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        return


@dataclass
class Recording(Dialler):
    """`dialled`: where connections were made to."""

    dialled: list[tuple[str, int]] = field(default_factory=list)

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        self.dialled.append((host, port))
        return super().connect(host, port, timeout_s)


def by_call(url: str, dialler: Dialler | None = None) -> str:
    try:
        with pool(url, dialler) as through:
            return "" if ask(through, "GET", f"{url}/x", WITHIN).ok else "no"
    except Unanswered as failed:
        return str(failed)


def by_socket(url: str, dialler: Dialler | None = None) -> str:
    """The server speaks no WebSocket: it answers 200 where it is reached."""
    events: SimpleQueue[Event] = SimpleQueue()
    WebSocketPush(f"{url.replace('http', 'ws', 1)}/ws", lambda: "session", events.put, dialler).open(1)
    closed = events.get(timeout=10)
    assert isinstance(closed, SocketClosed)
    return "" if closed.status == 200 else closed.reason.removeprefix("the socket failed: ")


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_calls_and_sockets_go_through_the_proxy_with_its_login_by_the_dialler(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    dialler = Recording()

    with TunnelProxy() as proxy, SecureServer(authority.certificate("127.0.0.1")) as server:
        monkeypatch.setenv(variable, f"http://us%40er:pa%3Ass@127.0.0.1:{proxy.port}")
        verdicts = by_call(server.url, dialler), by_socket(server.url, dialler)

    login = base64.b64encode(b"us@er:pa:ss").decode()
    assert verdicts == ("", "")
    assert dialler.dialled == [("127.0.0.1", proxy.port)] * 2
    assert len(proxy.heads) == 2
    assert all(head.startswith(f"CONNECT 127.0.0.1:{server.port} ") for head in proxy.heads)
    assert all(f"Proxy-Authorization: Basic {login}".lower() in head.lower() for head in proxy.heads)


def test_a_proxy_that_is_spoken_to_by_tls_is_used_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    certificate = authority.certificate("127.0.0.1")
    tunnel = TunnelProxy()

    with SecureServer(certificate) as server, SecureServer(certificate, tunnel.take) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        verdicts = by_call(server.url), by_socket(server.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        insecure = by_call("http://vpn.example.com"), by_socket("http://vpn.example.com")
        monkeypatch.delenv("SSL_CERT_FILE")
        untrusted = by_call(server.url)

    assert verdicts == ("", "")
    assert [head.split()[0] for head in tunnel.heads] == ["CONNECT", "CONNECT", "GET"]
    assert insecure[0] == ""
    assert insecure[1].endswith("is spoken to by TLS, and lets through what is TLS too: use https")
    assert untrusted.startswith("the certificate of 127.0.0.1 is issued by an authority that is not in")


@pytest.mark.parametrize(
    ("refuses_with", "reason"),
    [
        (407, "wants a login: write it into HTTPS_PROXY"),
        (403, "lets nobody through to the control plane: it answered 403"),
    ],
)
def test_a_proxy_that_refuses_is_named(refuses_with: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with TunnelProxy(refuses_with) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{proxy.port}")
        said = by_call("https://vpn.example.com"), by_socket("https://vpn.example.com")

    assert said[0] == said[1]
    assert said[0].startswith(f"the proxy 127.0.0.1:{proxy.port} {reason}")
    assert "secret" not in said[0]


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_straight"),
    [
        ("example.org", "example.org", True),
        ("example.org", "vpn.example.org", True),
        ("example.org", "notexample.org", False),
        (".example.org", "vpn.example.org", True),
        (".example.org", "vpn.EXAMPLE.org.", True),
        ("*.example.org", "vpn.example.org", True),
        ("*", "vpn.example.net", True),
        ("", "vpn.example.org", False),
        (".", "vpn.example.org", False),
        (" a.example.com , vpn.example.org ", "vpn.example.org", True),
        ("a.example.com vpn.example.org", "vpn.example.org", True),
        ("198.51.100.0/24", "198.51.100.7", True),
        ("198.51.100.0/24", "198.51.101.7", False),
        ("198.51.100.0/24", "vpn.example.org", False),
        ("198.51.100.7:8080", "198.51.100.7:8080", True),
        ("198.51.100.7:8080", "198.51.100.7", False),
        ("vpn.example.org:443", "vpn.example.org", True),
        ("2001:db8::/32", "[2001:db8::7]", True),
        ("[2001:db8::7]:443", "[2001:db8::7]", True),
        ("2001:db8::7", "[2001:db8::8]", False),
    ],
)
def test_no_proxy_is_read_in_all_the_ways_it_is_written(
    no_proxy: str, host: str, is_straight: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And calls and sockets agree, for both go by this."""
    monkeypatch.setenv("https_proxy", "http://192.0.2.1:3128")
    monkeypatch.setenv("no_proxy", no_proxy)

    assert (proxy_of(f"https://{host}") is None) is is_straight


def test_calls_and_sockets_agree_where_the_proxy_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    dead = "the proxy 127.0.0.1:1: connection refused"

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        rows = (("127.0.0.0/8", ""), ("example.org", dead), (f"127.0.0.1:{server.port}", ""), ("127.0.0.1:1", dead))
        for no_proxy, verdict in rows:
            monkeypatch.setenv("no_proxy", no_proxy)
            assert (by_call(server.url), by_socket(server.url)) == (verdict, verdict), no_proxy


def test_a_proxy_is_read_as_tools_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "proxy.example.com:3128")
    assert proxy_of("https://vpn.example.com") == Proxy("http", "proxy.example.com", 3128)
    monkeypatch.setenv("HTTPS_PROXY", "https://[2001:db8::1]")
    assert proxy_of("https://vpn.example.com") == Proxy("https", "2001:db8::1", 443)
    assert proxy_of("http://vpn.example.com") == Proxy("http", "proxy.example.com", 3128)
    assert "secret" not in repr(Proxy("http", "a", 1, "user:secret"))


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1080", "http://", "http://host:port"])
def test_a_proxy_that_cannot_be_used_is_said_with_what_to_do(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", value)

    with pytest.raises(SettingsInvalid, match="HTTPS_PROXY"):
        pool("https://vpn.example.com")


@pytest.mark.root
def test_a_sealed_host_reaches_a_proxy_beyond_its_own_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with a_sealed_host(tmp_path) as sealed:
        proxy = sealed.network.do(TunnelProxy(host=FAR).__enter__)
        server = sealed.network.do(SecureServer(authority.certificate("vpn.example.com")).__enter__)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        url = f"https://vpn.example.com:{server.port}"

        unmarked = sealed.host.do(lambda: by_call(url, Dialler(mark=0)))
        said = sealed.host.do(lambda: (by_call(url), by_socket(url)))
        proxy.__exit__()
        server.__exit__()

    assert unmarked.startswith(f"the proxy {FAR}:{proxy.port}: ")
    assert said == ("", "")
