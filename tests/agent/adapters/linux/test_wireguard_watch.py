"""Looks at a real WireGuard, by its socket and by `wg`, and what is said of them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent.adapters.linux.interface import SOCKETS, Device
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.wireguard_watch import WireGuardWatch
from agent.core.events import Event, Observed
from chalicelib.wire.peers import Host
from tests.agent.builders import a_private_key, a_public_key
from tests.agent.namespace import Namespace
from tests.agent.site import until

pytestmark = pytest.mark.root

WITHIN_S = 10.0
HUB, PHONE = "wyhub", "wyphone"
BY_WG = Path("/nonexistent")


@dataclass
class FakeHost:
    name: str = "h"

    def host(self) -> Host:
        return Host(hostname=self.name, os="o", agent_version="0")


@dataclass
class Pair:
    """A hub and a phone on the loopback of one namespace; the phone speaks every second, from its port."""

    inside: Namespace
    state: Path
    devices: list[Device] = field(default_factory=list)

    def raise_up(self) -> None:
        for name in (HUB, PHONE):
            self.devices.append(Device(Commands(), name, self.state / name))
            self.inside.do(self.devices[-1].create)
        self._set(HUB, f"private-key /dev/stdin listen-port 41000 peer {a_public_key(PHONE)} allowed-ips 10.9.0.9/32")
        self.inside.sh(f"ip link set {HUB} up && ip link set {PHONE} up")

    def speak_from(self, port: int) -> None:
        peer = f"peer {a_public_key(HUB)} endpoint 127.0.0.1:41000 persistent-keepalive 1 allowed-ips 10.9.0.2/32"
        self._set(PHONE, f"private-key /dev/stdin listen-port {port} {peer}")

    def end(self) -> None:
        for device in self.devices:
            self.inside.do(device.destroy)

    def _set(self, name: str, words: str) -> None:
        self.inside.sh(f"echo {a_private_key(name)} | wg set {name} {words}")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with Namespace() as inside:
        made = Pair(inside, tmp_path)
        made.raise_up()
        yield made
        made.end()


@pytest.mark.parametrize("sockets", [SOCKETS, BY_WG], ids=["by its socket", "by wg"])
def test_a_peer_that_shakes_hands_and_moves_is_said_without_being_asked(pair: Pair, sockets: Path) -> None:
    said: SimpleQueue[Event] = SimpleQueue()
    met: list[str] = []
    watch = WireGuardWatch(
        Commands(), HUB, FakeHost(), said.put, sockets, met=lambda endpoints: met.extend(endpoints.values())
    )
    pair.inside.do(watch.start)

    watch.observe(0.05)
    first = said.get(timeout=WITHIN_S)
    pair.speak_from(42001)
    shaken = said.get(timeout=WITHIN_S)
    pair.speak_from(42002)
    moved = said.get(timeout=WITHIN_S)

    assert isinstance(first, Observed)
    assert isinstance(shaken, Observed)
    assert isinstance(moved, Observed)
    assert (first.is_asked, list(first.seen)) == (True, [])
    assert [(one.seen.public_key, one.seen.endpoint, one.is_urgent) for one in (*shaken.seen, *moved.seen)] == [
        (a_public_key(PHONE), "127.0.0.1:42001", False),
        (a_public_key(PHONE), "127.0.0.1:42002", True),
    ]
    assert first.since_s == shaken.since_s == moved.since_s
    assert met == ["127.0.0.1:42001", "127.0.0.1:42002"]


def test_an_interface_that_is_made_again_is_watched_anew(pair: Pair) -> None:
    said: SimpleQueue[Event] = SimpleQueue()
    watch = WireGuardWatch(Commands(), HUB, FakeHost(), said.put)

    def looked() -> Observed:
        pair.inside.do(lambda: watch.look(is_asked=True))
        event = said.get(timeout=WITHIN_S)
        assert isinstance(event, Observed)
        return event

    before = looked().since_s
    pair.inside.do(pair.devices[0].destroy)
    without = looked().since_s
    pair.inside.do(pair.devices[0].create)
    after = looked().since_s

    assert before is not None
    assert without is None
    assert after is not None
    assert after > before


def test_nothing_is_said_of_nothing_new_until_the_host_is_renamed(pair: Pair) -> None:
    said: list[Event] = []
    host = FakeHost()
    watch = WireGuardWatch(Commands(), "no-such", host, said.append)

    for _ in range(3):
        pair.inside.do(lambda: watch.look(is_asked=False))
    assert len(said) == 1  # the host, for the first time
    host.name = "renamed"
    pair.inside.do(lambda: watch.look(is_asked=False))

    assert len(said) == 2


def test_a_look_that_fails_does_not_end_the_watch(pair: Pair) -> None:
    said: SimpleQueue[Event] = SimpleQueue()
    failed = threading.Event()

    class Failing(FakeHost):
        def host(self) -> Host:
            if not failed.is_set():
                failed.set()
                raise ZeroDivisionError
            return FakeHost.host(self)

    watch = WireGuardWatch(Commands(), HUB, Failing(), said.put)
    pair.inside.do(watch.start)
    watch.observe(0.05)

    assert isinstance(said.get(timeout=WITHIN_S), Observed)


def test_a_peer_that_never_answers_is_said_to_be_lost(pair: Pair) -> None:
    lost: list[str] = []
    watch = WireGuardWatch(Commands(), PHONE, FakeHost(), lambda _: None, lost=lost.append)
    pair.inside.do(pair.devices[0].destroy)  # the hub
    pair.speak_from(42001)
    until(lambda: (pair.inside.do(lambda: watch.look(is_asked=False)), bool(lost))[1])

    assert lost == [a_public_key(HUB)]
