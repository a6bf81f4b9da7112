"""An agent that is killed between any two steps: what the next one makes of the host and of the disk."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.interface import Device
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.bundle.received import Received, TrialBundle, Version, applied_to
from agent.core import effects as ef
from agent.host.results import ApplyResult
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.wanted import WantedTunnel, desired
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
from agent.run.worker import Worker
from chalicelib.wire.bundle import Bundle
from tests.agent.adapters.files.enrollments import an_enrollment
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_trust, fetched, received_delta
from tests.agent.namespace import Namespace
from tests.agent.run.fakes import FakeControlPlane, FakeGuard, FakeNames, FakeTunnel, FakeWayOut

INTERFACE = "wy00000002"

BEFORE = a_bundle(
    1,
    [a_peer("gone", ["10.9.0.3/32"]), a_peer("hub", ["10.9.0.0/24", "172.20.0.0/16"], endpoint="203.0.113.1:1")],
    addresses=["10.9.0.2/24"],
    listen_port=41000,
)
AFTER = a_bundle(
    2,
    [a_peer("hub", ["0.0.0.0/0", "::/0"], endpoint="203.0.113.1:2"), a_peer("new", ["10.9.0.7/32"])],
    addresses=["10.9.0.8/24", "fd00:9::8/64"],
    listen_port=41001,
    mtu=1300,
    full_encapsulation=True,
)


class Killed(BaseException):
    """Nothing that runs after a SIGKILL catches it."""


@dataclass
class Life:
    """`left`: how many half-steps until the end; each step has one before and one after it."""

    left: int

    def pass_half(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


@dataclass(frozen=True, slots=True)
class Mortal(Commands):
    """Changes of the host end with the agent's life; looks cost nothing."""

    life: Life = field(default_factory=lambda: Life(10**9))

    def run(self, *argv: str, stdin: str = "") -> str:
        is_look = "show" in argv or "list" in argv
        if not is_look:
            self.life.pass_half()
        said = Commands.run(self, *argv, stdin=stdin)
        if not is_look:
            self.life.pass_half()
        return said


def a_tunnel(state: Path, life: Life | None = None) -> HostTunnel:
    commands = Mortal(life=life or Life(10**9))
    return HostTunnel(
        commands=commands,
        interface=INTERFACE,
        device=Device(commands, INTERFACE, state / "pid"),
        firewall=NftFirewall(commands, INTERFACE),
        private_key=a_private_key("me"),
        memory=Memory(),
        seal=SealKeeping(Encapsulation(commands, INTERFACE)),
    )


def looks(inside: Namespace) -> str:
    """All of what a bundle makes."""
    commands = (
        *(f"wg show {INTERFACE} {what} | sort" for what in ("allowed-ips", "endpoints", "listen-port", "fwmark")),
        f"ip -o address show dev {INTERFACE} scope global | cut -d' ' -f2-8 | sort",
        f"ip route show dev {INTERFACE}; ip rule; ip -6 rule; ip route show table 22361; ip -6 route show table 22361",
        f"nft list table inet {INTERFACE}_seal; nft list tables",
    )
    return inside.sh("; ".join(f"({command}) 2>/dev/null || true" for command in commands))


@pytest.mark.root
@pytest.mark.parametrize(("first", "then"), [(BEFORE, AFTER), (AFTER, BEFORE)], ids=["sealing", "opening"])
def test_killed_between_any_two_changes_of_the_host_the_next_agent_makes_it_so(
    tmp_path: Path, first: Bundle, then: Bundle
) -> None:
    with Namespace() as inside:
        inside.do(partial(a_tunnel(tmp_path).verify, desired(then)))
        clean, deaths, is_alive = looks(inside), 0, False
        while not is_alive:
            inside.do(partial(a_tunnel(tmp_path).verify, desired(first)))
            is_alive = inside.do(partial(survives, a_tunnel(tmp_path, Life(deaths)), desired(then)))

            heir = a_tunnel(tmp_path)
            inside.do(partial(heir.verify, desired(then)))

            assert looks(inside) == clean, f"killed at half-step {deaths}"
            assert not inside.do(partial(heir.verify, desired(then))).is_changed
            deaths += 1
        inside.do(a_tunnel(tmp_path).remove)

    assert deaths > 12


def survives(tunnel: HostTunnel, wanted: WantedTunnel) -> bool:
    try:
        tunnel.verify(wanted)
    except Killed:
        return False
    return True


@dataclass(frozen=True, slots=True)
class MortalDir(EnrollmentDir):
    life: Life = field(default_factory=lambda: Life(10**9))

    def _write(self, write: Callable[[], None]) -> None:
        self.life.pass_half()
        write()
        self.life.pass_half()

    def save_bundle(self, chain: Sequence[Received]) -> None:
        self._write(lambda: EnrollmentDir.save_bundle(self, chain))

    def add_delta(self, received: Received) -> None:
        self._write(lambda: EnrollmentDir.add_delta(self, received))

    def save_trial(self, chain: Sequence[Received], refused: str | None = None) -> None:
        self._write(lambda: EnrollmentDir.save_trial(self, chain, refused))

    def forget_trial(self) -> None:
        self._write(lambda: EnrollmentDir.forget_trial(self))


@dataclass
class MortalTunnel(FakeTunnel):
    life: Life = field(default_factory=lambda: Life(10**9))

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        made = super().apply(wanted)
        self.life.pass_half()
        return made


def a_story() -> Iterator[tuple[ef.Job, int]]:
    """Jobs, and the newest revision that the host may show after each: proved, on trial, rolled back, proved anew."""
    first = fetched(a_bundle(1))
    bundles = [a_bundle(n, [a_peer("hub", ["10.9.0.1/32", f"172.{n}.0.0/16"])]) for n in (2, 3, 4)]
    proved = applied_to(first, received_delta(a_bundle(1), bundles[0]))
    bad = applied_to(proved, received_delta(bundles[0], bundles[1]))
    newest = applied_to(proved, received_delta(bundles[0], bundles[2]))
    yield ef.Try(first, None), 1
    yield ef.Save(first), 1
    yield ef.Try(proved, first), 2
    yield ef.Save(proved), 2
    yield ef.Try(bad, proved), 3
    yield ef.RollBack(bad, proved), 3
    yield ef.Refuse(bad, "rolled back"), 3
    yield ef.Try(newest, proved), 4
    yield ef.Save(newest), 4


def test_killed_at_any_moment_the_newest_bundle_that_touched_the_host_is_on_the_disk(tmp_path: Path) -> None:
    """So that no restart brings back what it took away."""
    deaths, touched, is_alive = 0, 0, False
    tried: TrialBundle | None = None
    while not is_alive:
        directory = EnrollmentDir(tmp_path / str(deaths))
        touched, is_alive = lived(directory.path, Life(deaths))

        good = directory.bundle(an_enrollment(), a_trust())
        tried = directory.trial(an_enrollment(), a_trust(), good)
        known = max(good.version if good else Version(), tried.fetched.version if tried else Version())

        assert known.revision >= touched, f"killed at half-step {deaths}"
        assert tried is None or tried.refused is None or tried.fetched.version == Version(0, 3)
        deaths += 1

    assert deaths > 20
    assert (touched, tried) == (4, None)


def lived(path: Path, life: Life) -> tuple[int, bool]:
    """The newest revision whose apply was begun, and whether the story came to its end."""
    tunnel = MortalTunnel(life=life)
    host = host_jobs(
        tunnel=tunnel,
        names=FakeNames(),
        store=MortalDir(path, life),
        way_out=FakeWayOut(),
        guard=FakeGuard(),
    )
    worker = Worker(ControlPlaneJobs(FakeControlPlane(), host.in_force), host, emit=lambda _: None)
    touched = 0
    for job, revision in a_story():
        before = len(tunnel.made)
        try:
            worker.perform(job)
        except Killed:
            return (revision if len(tunnel.made) > before else touched), False
        touched = revision if len(tunnel.made) > before else touched
    return touched, True
