"""A name is asked again while the tunnel to it is dead, ever less often, and never while all is well."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.linux import whereabouts
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.peer_endpoints import PeerEndpoints
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.adapters.linux.whereabouts import CALM_S, FIRST_S, MOST_S, Whereabouts
from agent.host.results import ApplyResult
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.wanted import Endpoint, desired, endpoints_asked
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.agent.namespace import Namespace

INTERFACE = "wy00000001"
NAME = Endpoint("hub.dyn.example.org", 51820)
OLD, NEW = "203.0.113.1", "203.0.113.77"
HUB = a_peer("hub", endpoint=str(NAME), keepalive=25)


@dataclass
class FakeTunnel:
    led: list[tuple[Endpoint, Sequence[str]]] = field(default_factory=list)

    def name_of(self, public_key: str) -> Endpoint | None:
        return NAME if public_key == a_public_key("hub") else None

    def lead(self, name: Endpoint, addresses: Sequence[str]) -> bool:
        self.led.append((name, addresses))
        return True


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(whereabouts, "monotonic", made)
    return made


def asked(watching: Whereabouts, clock: Clock, seconds: float) -> list[float]:
    """When the name is asked for, of a tunnel that is said to be dead ten times a second."""
    found: list[float] = []
    end_s = clock.now_s + seconds
    while clock.now_s < end_s:
        clock.now_s += 0.1
        watching.lost(a_public_key("hub"))
        if not watching._due.empty():
            found.append(clock.now_s)
            watching._due.get()
    return found


def latest(_: float, high: float) -> float:
    return high


def test_a_dead_tunnels_name_is_asked_ever_less_often(clock: Clock) -> None:
    watching = Whereabouts(FakeTunnel(), latest)

    times = asked(watching, clock, 600)
    apart = [after - before for before, after in pairwise(times)]

    assert times[0] - 1000 == pytest.approx(FIRST_S, abs=0.3)
    assert apart[:3] == pytest.approx([2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S], abs=0.3)
    assert apart[-1] == pytest.approx(MOST_S, abs=0.3)


def test_what_lived_for_long_is_asked_soon_when_it_is_dead_again(clock: Clock) -> None:
    watching = Whereabouts(FakeTunnel(), latest)
    asked(watching, clock, 600)
    clock.now_s += CALM_S + MOST_S

    again = asked(watching, clock, 10)

    assert len(again) == 2


def test_a_peer_without_a_name_leads_to_no_question(clock: Clock) -> None:
    watching = Whereabouts(FakeTunnel(), latest)

    for _ in range(100):
        clock.now_s += 1
        watching.lost(a_public_key("phone"))
        watching.lost_at(Endpoint(OLD, 51820))

    assert watching._due.empty()


def test_a_name_that_nobody_answers_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    tunnel = FakeTunnel()
    monkeypatch.setattr(whereabouts, "addresses", lambda _: ())

    Whereabouts(tunnel).ask(NAME)

    assert tunnel.led == []


@dataclass
class Host:
    """A regular peer on real WireGuard, whose hub has a name."""

    inside: Namespace
    state: Path
    monkeypatch: pytest.MonkeyPatch
    questions: int = 0
    answers: Sequence[str] = (OLD,)
    _tunnels: list[HostTunnel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    @property
    def tunnel(self) -> HostTunnel:
        return self._tunnels[-1]

    @property
    def endpoints(self) -> PeerEndpoints:
        return PeerEndpoints(self.tunnel)

    def restart(self, asked: Bundle | None = None) -> None:
        commands = Commands()
        device, firewall = Device(commands, INTERFACE, self.state / "pid"), NftFirewall(commands, INTERFACE)
        memory = Memory(asked=endpoints_asked(asked) if asked is not None else {})
        self._tunnels.append(HostTunnel(commands, INTERFACE, device, firewall, a_private_key("me"), memory))

    def verify(self, bundle: Bundle) -> ApplyResult:
        return self.inside.do(lambda: self.tunnel.verify(desired(bundle)))

    def ask(self) -> None:
        self.inside.do(lambda: Whereabouts(self.endpoints).ask(NAME))

    def endpoint(self) -> str:
        return self.inside.sh(f"wg show {INTERFACE} endpoints").split()[1]

    def _answer(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.questions += 1
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, port)) for address in self.answers]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with Namespace() as inside:
        made = Host(inside, tmp_path, monkeypatch)
        made.restart()
        made.verify(a_bundle(peers=[HUB]))
        yield made
        made.inside.do(made.tunnel.remove)


@pytest.mark.root
def test_a_hub_whose_name_moved_is_met_there_also_after_a_restart(host: Host) -> None:
    bundle = a_bundle(peers=[HUB])
    before = host.endpoint()
    host.restart(bundle)
    host.verify(bundle)
    host.answers = (NEW,)

    host.ask()
    moved = host.endpoint()
    is_changed = host.verify(bundle).is_changed

    assert (before, moved, host.endpoint()) == (f"{OLD}:51820", f"{NEW}:51820", f"{NEW}:51820")
    assert not is_changed
    assert host.endpoints.name_of(HUB.public_key) == NAME
    assert host.endpoints.met_at(NAME) == f"{NEW}:51820"


@pytest.mark.root
def test_a_hub_that_is_where_its_name_says_is_left_alone(host: Host) -> None:
    host.questions = 0
    for _ in range(3):
        host.verify(a_bundle(peers=[HUB]))
    unasked = host.questions

    host.ask()

    assert (unasked, host.questions, host.endpoint()) == (0, 1, f"{OLD}:51820")


@pytest.mark.root
def test_of_several_addresses_each_has_its_turn(host: Host) -> None:
    both = [f"{OLD}:51820", "[2001:db8::1]:51820"]
    turns = []
    for _ in range(3):
        host.inside.do(lambda: host.endpoints.lead(NAME, both))
        turns.append(host.endpoint())

    assert turns == ["[2001:db8::1]:51820", f"{OLD}:51820", "[2001:db8::1]:51820"]


@pytest.mark.root
def test_a_peer_that_is_gone_is_not_made_again(host: Host) -> None:
    host.inside.sh(f"wg set {INTERFACE} peer {HUB.public_key} remove")

    assert not host.inside.do(lambda: host.endpoints.lead(NAME, [f"{NEW}:51820"]))
    assert host.inside.sh(f"wg show {INTERFACE} peers").strip() == ""
