"""What watching a tunnel tells where it cannot ask."""

import socket
from itertools import count
from typing import Any

import pytest

from agent.adapters.linux import echo_watch as tunnel_watch
from agent.adapters.linux.echo_watch import TunnelWatch
from agent.core.events import Event, TunnelLost
from agent.host.tunnel.liveness import LOOK_EVERY_S, UNPROVED_S, Target
from agent.host.tunnel.wanted import Endpoint
from tests.agent.namespace import Namespace


class Unanswered:
    """A socket whose echoes nobody answers."""

    def __init__(self, *_: Any) -> None:
        self.fd = -1

    def __enter__(self) -> "Unanswered":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def recvfrom(self, _: int) -> None:
        raise BlockingIOError

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class NotPermitted(Unanswered):
    """The same for who lacks CAP_NET_RAW."""

    def __init__(self, family: int = 0, kind: int = 0, protocol: int = 0) -> None:
        if kind == socket.SOCK_RAW:
            raise PermissionError(1, "Operation not permitted")
        super().__init__()


@pytest.mark.parametrize(("opened", "is_lost"), [(Unanswered, True), (NotPermitted, False)])
def test_a_silence_to_echoes_that_never_leave_is_no_death(
    opened: type[Unanswered], is_lost: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []
    watch = TunnelWatch("lo", told.append)
    clock = count()
    monkeypatch.setattr(tunnel_watch, "monotonic", lambda: next(clock) * LOOK_EVERY_S)
    monkeypatch.setattr(socket, "socket", opened)
    monkeypatch.setattr(TunnelWatch, "_counters", lambda _: (0, 0))
    watch.watch([Target("jmp_1", "10.0.0.1", "203.0.113.1:51820", is_home=True, idle_s=1.0)])

    for _ in range(int(3 * UNPROVED_S / LOOK_EVERY_S)):
        watch._look()

    assert any(isinstance(event, TunnelLost) for event in told) is is_lost
    assert [record.message for record in caplog.records].count("tunnels_not_watched") == (0 if is_lost else 1)


NAMED = Target("jmp_1", "10.0.0.1", "hub.example.org:51820", is_home=True, idle_s=1.0)
NAME = Endpoint("hub.example.org", 51820)


def test_where_a_dead_jump_should_be_is_said_as_long_as_it_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[Endpoint] = []
    told: list[Event] = []
    watch = TunnelWatch("lo", told.append, lost=lost.append)
    clock = count()
    monkeypatch.setattr(tunnel_watch, "monotonic", lambda: next(clock) * LOOK_EVERY_S)
    monkeypatch.setattr(socket, "socket", Unanswered)
    monkeypatch.setattr(TunnelWatch, "_counters", lambda _: (0, 0))
    watch.watch([NAMED])

    while not told:
        watch._look()
    at_first = len(lost)
    watch._look()

    assert (at_first, lost) == (1, [NAME, NAME])


@pytest.mark.root
@pytest.mark.parametrize(
    ("met_at", "has_way"),
    [("[2001:db8:9::1]:51820", True), ("203.0.113.1:51820", False), (None, True)],
    ids=["met by IPv6", "met by IPv4", "not met yet"],
)
def test_the_way_to_a_jump_known_by_name_is_the_one_to_where_it_was_met(met_at: str | None, has_way: bool) -> None:
    """On a host with IPv6 alone."""
    watch = TunnelWatch("lo", lambda _: None, met_at=lambda _: met_at)

    with Namespace() as inside:
        without = inside.do(lambda: watch._has_way(NAME))
        inside.sh("ip -6 route add default dev lo")
        found = inside.do(lambda: watch._has_way(NAME))

    assert (without, found) == (False, has_way)
