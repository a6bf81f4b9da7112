"""Connections to the first address that takes them, in bounded time, with the mark."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic

import pytest

from agent.adapters.control_plane import dialling, keepalive, racing
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.racing import first_connected
from agent.adapters.families import interleaved
from agent.errors import StateUnusable
from agent.host.tunnel.full_tunnel import MARK
from tests.agent.namespace import Namespace

ROOT = Path(__file__).parents[4]
HERE, HERE_6 = "127.0.0.1", "::1"
DEAD_6 = [f"fd66::{number}" for number in range(2, 10)]
DEAD_4 = [f"10.66.0.{number}" for number in range(2, 10)]
NAME = "vpn.example.com"


@pytest.fixture
def host() -> Iterator[Namespace]:
    """Where the addresses of DEAD_4 and DEAD_6 swallow what is sent to them."""
    with Namespace() as inside:
        inside.sh(
            "ip route add local 10.66.0.0/24 dev lo; ip -6 route add local fd66::/64 dev lo; nft 'add table inet dead;"
            " add chain inet dead swallow { type filter hook input priority 0; };"
            " add rule inet dead swallow ip daddr 10.66.0.0/24 drop;"
            " add rule inet dead swallow ip6 daddr fd66::/64 drop'"
        )
        yield inside


def listening(host: Namespace, address: str = HERE) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return host.do(lambda: socket.create_server((address, 0), family=family))


def named(monkeypatch: pytest.MonkeyPatch, addresses: Sequence[str] | OSError) -> None:
    def look_up(name: str, within_s: float) -> Sequence[str]:
        if isinstance(addresses, OSError):
            raise addresses
        return interleaved(addresses)

    monkeypatch.setattr(dialling, "look_up", look_up)


def reached(host: Namespace, dialler: Dialler, server: socket.socket, timeout_s: float = 4.0) -> str:
    with host.do(lambda: dialler.connect(NAME, server.getsockname()[1], timeout_s)) as connection:
        address: str = connection.getpeername()[0]
    return address


@pytest.mark.root
def test_eight_dead_addresses_of_one_family_do_not_hide_the_other(
    host: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for dead, live in ((DEAD_6, HERE), (DEAD_4, HERE_6)):
        named(monkeypatch, [*dead, live])
        with listening(host, live) as server:
            assert reached(host, Dialler(), server) == live


@pytest.mark.root
def test_all_addresses_together_take_no_longer_than_one(host: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, [*DEAD_6, *DEAD_4])
    began_s = monotonic()

    with pytest.raises(TimeoutError, match="no answer within 1 s"):
        host.do(lambda: Dialler().connect(NAME, 443, 1.0))

    assert monotonic() - began_s < 3.0


@pytest.mark.root
def test_a_slow_address_is_not_given_up_for_the_next_one(host: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt stays under way while others begin: a path of a second's delay is a path."""
    named(monkeypatch, [HERE, *DEAD_4[:2]])
    monkeypatch.setattr(racing, "NEXT_AFTER_S", 0.05)
    with listening(host) as server:
        port = server.getsockname()[1]
        host.sh(f"nft 'add rule inet dead swallow ip daddr {HERE} tcp dport {port} drop'")
        begun: list[int] = []

        def made(family: int) -> socket.socket:
            begun.append(family)
            if len(begun) == 3:  # the first datagram was lost; the kernel sends another after a second
                subprocess.run(["nft", "flush table inet dead"], check=True)
                subprocess.run(["nft", "add rule inet dead swallow ip daddr 10.66.0.0/24 drop"], check=True)
            return socket.socket(family, socket.SOCK_STREAM)

        with host.do(lambda: first_connected([HERE, *DEAD_4[:2]], port, 4.0, made)) as connection:
            assert connection.getpeername()[0] == HERE


@pytest.mark.root
def test_what_worked_is_tried_first_also_after_a_restart(host: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Mapping[str, Sequence[str]]] = []
    named(monkeypatch, [*DEAD_6, HERE])
    with listening(host) as server:
        reached(host, Dialler(keep=kept.append), server)
        again = Dialler(known=kept[-1])
        began: list[int] = []
        made = Dialler._made

        def noted(dialler: Dialler, family: int) -> socket.socket:
            began.append(family)
            return made(dialler, family)

        monkeypatch.setattr(Dialler, "_made", noted)
        assert reached(host, again, server) == HERE

    assert kept[-1][NAME][0] == HERE
    assert began == [socket.AF_INET]


def test_a_family_that_is_taken_and_then_silent_begins_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    dialler = Dialler(known={NAME: ["2001:db8::1", "192.0.2.1", "192.0.2.2"]})
    named(monkeypatch, ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"])

    assert dialler._addresses(NAME)[:2] == ["2001:db8::1", "192.0.2.1"]
    assert dialler.suspect(NAME, "2001:db8::1")

    assert dialler._addresses(NAME) == ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]
    assert not dialler.suspect("another.example.com", "2001:db8::1")  # of which nothing is known


def test_a_name_that_nobody_answers_is_reached_where_it_was_last(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {NAME: [HERE]}
    named(monkeypatch, socket.gaierror(socket.EAI_AGAIN, "no answer in time"))
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
        Dialler(known=known).connect(NAME, port, 1.0).close()
        with pytest.raises(socket.gaierror):
            Dialler().connect(NAME, port, 1.0)


def test_addresses_of_before_stay_behind_those_of_a_portal_that_answers_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved: list[Mapping[str, Sequence[str]]] = []
    dialler = Dialler(known={NAME: ["192.0.2.1"]}, keep=saved.append)
    named(monkeypatch, [HERE])
    with socket.create_server((HERE, 0)) as server:
        for _ in range(2):
            dialler.connect(NAME, server.getsockname()[1], 1.0).close()

    assert saved == [{NAME: [HERE, "192.0.2.1"]}]  # once: nothing changed the second time


def test_a_disk_that_takes_no_addresses_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise StateUnusable("the disk is full")

    named(monkeypatch, [HERE])
    with socket.create_server((HERE, 0)) as server:
        Dialler(keep=refuse).connect(NAME, server.getsockname()[1], 1.0).close()


def test_an_address_is_dialled_as_it_is_and_nothing_is_kept_of_it() -> None:
    saved: list[object] = []
    with socket.create_server((HERE, 0)) as server:
        Dialler(keep=saved.append).connect(HERE, server.getsockname()[1], 1.0).close()

    assert saved == []


@pytest.mark.root
def test_a_refusal_tells_more_than_a_family_that_leads_nowhere(
    host: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for addresses in ([HERE, "2001:db8::1"], ["2001:db8::1", HERE]):
        named(monkeypatch, addresses)
        with pytest.raises(ConnectionRefusedError):
            host.do(lambda: Dialler().connect(NAME, 1, 1.0))


@pytest.mark.root
def test_every_connection_has_the_mark_and_is_kept_alive() -> None:
    with socket.create_server((HERE, 0)) as server, Dialler().connect(HERE, server.getsockname()[1], 1.0) as made:
        mark = made.getsockopt(socket.SOL_SOCKET, socket.SO_MARK)
        alive = made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle_s = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)

    assert (mark, alive, idle_s) == (MARK, 1, keepalive.KEEPALIVE_S)


def test_a_platform_without_marks_and_these_options_dials_all_the_same() -> None:
    program = """
import socket
for name in ("SO_MARK", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT"):
    delattr(socket, name)
import agent.adapters.control_plane.socket
from agent.adapters.control_plane.dialling import Dialler
with socket.create_server(("127.0.0.1", 0)) as server:
    print(Dialler().connect("127.0.0.1", server.getsockname()[1], 1.0).getpeername()[0])
"""

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == HERE, done.stderr


def test_an_option_that_a_kernel_does_not_know_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepalive, "kept_alive", lambda: [(socket.IPPROTO_TCP, 9999, 1)])
    with socket.create_server((HERE, 0)) as server:
        Dialler().connect(HERE, server.getsockname()[1], 1.0).close()


def test_losers_of_a_race_are_closed() -> None:
    opened: list[socket.socket] = []

    def made(family: int) -> socket.socket:
        opened.append(socket.socket(family, socket.SOCK_STREAM))
        return opened[-1]

    with socket.create_server((HERE, 0)) as server:
        won = first_connected(["127.0.0.2", HERE], server.getsockname()[1], 1.0, made)
        won.close()

    assert [one.fileno() for one in opened] == [-1, -1]
