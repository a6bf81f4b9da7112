"""Which certificates are trusted, why one is not, and that calls and sockets agree."""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent.adapters.control_plane import certificates, dialling
from agent.adapters.control_plane.certificates import StoreUnusable, store, trust
from agent.adapters.control_plane.connecting import Unanswered
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.http import ask, pool
from agent.adapters.control_plane.socket import WebSocketPush
from agent.adapters.control_plane.tls_examination import Examined, examined
from agent.core.events import Event, SocketClosed
from tests.agent.authority import Authority, SecureServer, clear_environment

WITHIN = (2.0, 2.0)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_environment(monkeypatch)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def verdicts(url: str) -> tuple[str, str]:
    """Of a call and of a socket: "" for one that was taken, else why not."""
    return _by_call(url), _by_socket(url)


def _by_call(url: str) -> str:
    try:
        with pool(url) as through:
            return "" if ask(through, "GET", f"{url}/x", WITHIN).ok else "no"
    except Unanswered as failed:
        return str(failed)


def _by_socket(url: str) -> str:
    """The server speaks no WebSocket: it answers 200, where TLS let it."""
    events: SimpleQueue[Event] = SimpleQueue()
    WebSocketPush(f"{url.replace('http', 'ws', 1)}/ws", lambda: "session", events.put).open(1)
    closed = events.get(timeout=10)
    assert isinstance(closed, SocketClosed)
    return "" if closed.status == 200 else closed.reason.removeprefix("the socket failed: ")


def system_store(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    monkeypatch.setattr(certificates, "_system_paths", lambda: list(paths))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_that_the_environment_names_is_trusted_by_calls_and_sockets(
    variable: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority.file))

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        assert verdicts(server.url) == ("", "")
    assert str(store()) == f"the store of {variable} ({authority.file})"


def test_an_authority_of_the_systems_store_is_trusted_by_calls_and_sockets(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_store(monkeypatch, authority.directory / "of another distribution", authority.file)

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        assert verdicts(server.url) == ("", "")
    assert store().name == "the system's store"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("is_hashed", [True, False])
def test_a_directory_of_certificates_is_taken_hashed_or_not(
    variable: str, is_hashed: bool, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "store"
    directory.mkdir()
    name = f"{_hash(authority.file)}.0" if is_hashed else "corp.crt"
    (directory / name).write_bytes(authority.file.read_bytes())
    (directory / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nnot for anybody\n-----END PRIVATE KEY-----\n")
    monkeypatch.setenv(variable, str(directory))

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        assert verdicts(server.url) == ("", "")


def _hash(file: Path) -> str:
    return subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", file], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_store_that_is_not_there_or_holds_nothing_is_said_as_such(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, nothing = tmp_path / "empty", tmp_path / "nothing.pem"
    empty.mkdir()
    nothing.write_text("no certificate\n")

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent.pem")
        call, by_socket = verdicts(server.url)
        assert call == by_socket
        assert call.startswith("REQUESTS_CA_BUNDLE names /nonexistent.pem, which is not there")
        for path in (empty, nothing):
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
            call, by_socket = verdicts(server.url)
            assert call == by_socket
            assert (
                call == f"the store of REQUESTS_CA_BUNDLE ({path}) holds no certificates in PEM form that can be read"
            )


def _expired(authority: Authority) -> Path:
    return authority.certificate("127.0.0.1", begins=-9 * DAY, ends=-8 * DAY)


def _early(authority: Authority) -> Path:
    return authority.certificate("127.0.0.1", begins=8 * DAY, ends=9 * DAY)


def _other_name(authority: Authority) -> Path:
    return authority.certificate("intranet.example.com", "192.0.2.1")


@pytest.mark.parametrize(
    ("made", "parts"),
    [
        (_expired, ("the certificate of 127.0.0.1 (issued by Corp Inspection CA) expired on 20", "clock")),
        (_early, ("is not valid yet: it begins on 20", "and this host's clock says 20")),
        (_other_name, ("the certificate is not for 127.0.0.1 but for intranet.example.com, 192.0.2.1",)),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said_with_what_to_do(
    made: Callable[[Authority], Path], parts: tuple[str, ...], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))

    with SecureServer(made(authority)) as server:
        call, by_socket = verdicts(server.url)

    assert call == by_socket
    assert all(part in call for part in parts), call


def test_an_unknown_issuer_is_named_with_the_store_that_lacks_it(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    system_store(monkeypatch, other := Authority(tmp_path / "other", "Another CA").file)

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        call, by_socket = verdicts(server.url)

    assert call == by_socket
    assert call == (
        f"the certificate of 127.0.0.1 is issued by Corp Inspection CA, an authority that is not in the system's store"
        f" ({other}): if that is your own or your company's, add it to the system's store, or name its file in"
        " SSL_CERT_FILE"
    )


def test_a_certificate_of_its_own_is_named_so(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "homelab")

    with SecureServer(authority.certificate("127.0.0.1", subject="homelab")) as server:
        call, _ = verdicts(server.url)

    assert "(homelab) is signed by itself and not in" in call


def test_names_in_a_certificate_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "evil\x1b[2J\u202eCA")

    with SecureServer(authority.certificate("127.0.0.1")) as server:
        call, _ = verdicts(server.url)

    assert call.isprintable()
    assert r"evil\x1b[2J\u202eCA" in call


def test_where_nothing_speaks_tls_that_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def serve() -> None:
            for _ in range(2):
                with plain.accept()[0] as connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        call, by_socket = verdicts(f"https://127.0.0.1:{plain.getsockname()[1]}")

    assert call == by_socket == "what answers there does not speak TLS: check scheme and port of the server"


def test_the_environment_comes_before_the_system_and_that_before_what_came_along(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hollow = tmp_path / "an image without certificates"
    hollow.mkdir()
    system_store(monkeypatch, tmp_path / "missing", hollow)
    assert str(store()) == "the store that came with the agent"

    system_store(monkeypatch, hollow, authority.file)
    assert store().path == authority.file

    monkeypatch.setenv("SSL_CERT_DIR", str(hollow))
    assert store().path == hollow
    monkeypatch.setenv("SSL_CERT_FILE", "~/corp.pem")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreUnusable, match=r"SSL_CERT_FILE names ~/corp\.pem, which is not there"):
        store()


def test_a_store_is_read_again_when_it_changed(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    first, again = trust(), trust()

    later = authority.file.stat().st_mtime + 5
    os.utime(authority.file, (later, later))

    assert first is again
    assert trust() is not first
    assert first.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname


def test_an_examination_tells_the_store_and_whose_certificate_it_is(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SecureServer(authority.certificate("127.0.0.1")) as server:
        refused = examined(server.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        taken = examined(server.url)
        monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
        unusable = examined(server.url)

    assert isinstance(refused, Examined)
    assert refused.certificate is not None
    assert refused.certificate.issuer == "Corp Inspection CA"
    assert "Corp Inspection CA" in (refused.refused or "")
    assert taken is not None
    assert (taken.refused, taken.store) == (None, f"the store of SSL_CERT_FILE ({authority.file})")
    assert taken.certificate == refused.certificate
    assert unusable is not None
    assert "/nonexistent" in (unusable.refused or "")
    assert examined("http://127.0.0.1:1") is None


def test_a_family_that_swallows_large_packets_costs_one_time_out_and_is_left(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection and answers nothing more, as a path whose MTU nobody tells."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setattr(dialling, "look_up", lambda *_: ["::1", "127.0.0.1"])
    dialler = Dialler()

    with SecureServer(authority.certificate("vpn.example.com")) as server:
        url = f"https://vpn.example.com:{server.port}"
        with socket.create_server(("::1", server.port), family=socket.AF_INET6), pool(url, dialler) as through:
            answer = ask(through, "GET", f"{url}/x", (0.5, 5.0))

    assert answer.ok
    assert dialler.known == {"vpn.example.com": ["127.0.0.1", "::1"]}
