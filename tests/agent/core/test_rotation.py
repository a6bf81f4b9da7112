"""A key from one pair to the next: in steps, with answers lost, and killed at every point."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Rotation, State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.errors import KeyRefused, Outage, StateUnusable
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.keys import wireguard_public_key
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
from agent.run.own_keys import Pairs
from agent.run.worker import Worker
from chalicelib.wire.agent import KeysKnown, KeysReport
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Ack, Applied, Heartbeat, Welcome
from tests.agent.builders import (
    NETWORK_ID,
    PEER_ID,
    SIGNING_KEY,
    a_bundle,
    a_peer,
    a_private_key,
    a_public_key,
    a_trust,
    fetched,
    public_text,
)
from tests.fleet.agent import NoGuard, NoNames, Online

ME, NEXT = a_public_key("me"), a_public_key("next")


class Killed(BaseException):
    """SIGKILL: nothing of the process goes on."""


@dataclass
class Accidents:
    """The n-th point of danger kills the process; None: none does."""

    kill_at: int | None = None
    passed: Iterator[int] = field(default_factory=count)

    def danger(self) -> None:
        if next(self.passed) == self.kill_at:
            raise Killed


@dataclass
class Server:
    """Knows keys as the control plane does; `held_after` tellings all jumps hold the staged one."""

    accidents: Accidents
    public_key: str = ME
    staged_key: str | None = None
    is_asked: bool = False
    held_after: int = 2
    revision: int = 1
    told: int = 0
    lost_answers: int = 0
    others: set[str] = field(default_factory=set)

    def bundle(self) -> Bundle:
        keys = {"public_key": self.public_key, "staged_key": self.staged_key, "rotate_key": self.is_asked}
        return a_bundle(self.revision, peers=[a_peer("hub")], **keys)  # type: ignore[arg-type]

    def tell(self, report: KeysReport) -> KeysKnown:
        self.accidents.danger()
        self.told += 1
        if report.next_key in self.others:
            raise KeyRefused("another's")
        if report.public_key == self.staged_key:
            self.public_key, self.staged_key = report.public_key, None
            self.revision += 1
        elif report.next_key is not None and report.next_key not in (self.staged_key, self.public_key):
            self.staged_key, self.is_asked, self.told = report.next_key, False, 0
            self.revision += 1
        self.accidents.danger()
        if self.lost_answers:
            self.lost_answers -= 1
            raise Outage("no answer")
        is_held = self.staged_key is not None and self.told >= self.held_after
        return KeysKnown(public_key=self.public_key, staged_key=self.staged_key, is_held=is_held)


@dataclass
class Plane:
    server: Server

    def open_session(self) -> float:
        return 60.0

    def newer(self, base: Fetched) -> Fetched | None:
        return fetched(self.server.bundle())

    def whole(self, base: Fetched | None) -> Fetched | None:
        return fetched(self.server.bundle())

    def report(self, applied: Applied) -> None: ...

    def beat(self, heartbeat: Heartbeat) -> Ack:
        return Ack(seq=heartbeat.seq, generation=0, wanted=self.server.revision, nonce="n")

    def probe(self) -> bool:
        return True

    def tell_keys(self, report: KeysReport) -> KeysKnown:
        return self.server.tell(report)


@dataclass
class Interface:
    """Outlives the process, as WireGuard does. Every key it ever had must be known to the jumps then."""

    server: Server
    private_key: str
    used: list[str] = field(default_factory=list)

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        self.server.accidents.danger()
        self.used.append(wireguard_public_key(self.private_key))
        assert self.used[-1] in (self.server.public_key, self.server.staged_key)
        self.server.accidents.danger()
        return ApplyResult(is_changed=True)

    def use_key(self, private_key: str) -> None:
        self.private_key = private_key

    def plan(self, wanted: WantedTunnel) -> PlannedChanges:
        return PlannedChanges()

    def remove(self) -> Sequence[str]:
        return ()


@dataclass(frozen=True, slots=True)
class Disk(EnrollmentDir):
    """Real files; a kill falls before or after a write, for a write is whole or not at all."""

    accidents: Accidents

    def save_keys(self, keys: Keys) -> None:
        self.accidents.danger()
        EnrollmentDir.save_keys(self, keys)
        self.accidents.danger()


@dataclass
class Agent:
    """Runs of one agent after another, on one disk and one interface."""

    server: Server
    disk: Disk
    interface: Interface
    state: State | None = None

    def run(self, turns: int = 40) -> None:
        """Start, and go on until nothing is left to do but to wait for timers, which fire at once."""
        enrollment = self.disk.enrollment()
        assert enrollment is not None
        saved = self.disk.bundle(enrollment, a_trust())
        keys = enrollment.keys
        self.interface.use_key(keys.private_key)
        jobs: list[ef.Job] = []
        host = host_jobs(
            tunnel=self.interface,
            names=NoNames(),
            store=self.disk,
            way_out=Online(),
            guard=NoGuard(),
            pairs=Pairs(keys, self.disk, self.interface),
        )
        worker = Worker(ControlPlaneJobs(Plane(self.server), host.in_force), host, emit=lambda event: None)
        known = Rotation(
            in_use=wireguard_public_key(keys.private_key),
            next_key=None if keys.next_private_key is None else wireguard_public_key(keys.next_private_key),
        )
        self.state = initial(NETWORK_ID, PEER_ID, "i", keys=known)
        timers: set[Timer] = set()
        events: list[ev.Event] = [ev.Started(saved=saved)]
        for _ in range(turns):
            while events or jobs:
                event = events.pop(0) if events else worker.perform(jobs.pop(0))
                self.state, effects = step(self.state, event)
                for effect in effects:
                    if isinstance(effect, ef.OpenSocket):
                        events.append(self._welcome(effect.socket))
                    elif isinstance(effect, ef.SetTimer):
                        timers.add(effect.timer)
                    elif not isinstance(
                        effect, ef.Log | ef.Send | ef.CancelTimer | ef.CloseSocket | ef.Observe | ef.WatchTunnels
                    ):
                        assert not isinstance(effect, ef.Exit)
                        jobs.append(effect)
            due = timers & {Timer.KEYS, Timer.FETCH, Timer.CONNECT}
            timers -= due
            events += [ev.TimerFired(timer=timer) for timer in due]
            events.append(self._welcome(self.state.link.number))  # says what is wanted, as heartbeats do

    def _welcome(self, socket: int) -> ev.Event:
        frame = Welcome(generation=0, wanted=self.server.revision, heartbeat_interval_s=240)
        return ev.FrameReceived(socket=socket, frame=frame)

    @property
    def keys(self) -> Keys:
        enrollment = self.disk.enrollment()
        assert enrollment is not None
        return enrollment.keys

    def assert_settled(self) -> None:
        """Disk, interface and control plane name one key, and nothing is under way."""
        on_disk = wireguard_public_key(self.keys.private_key)
        assert on_disk == wireguard_public_key(self.interface.private_key) == self.server.public_key
        assert (self.keys.next_private_key, self.server.staged_key) == (None, None)


@pytest.fixture
def agents(tmp_path: Path) -> Callable[[Accidents], Agent]:
    numbers = count()

    def made(accidents: Accidents) -> Agent:
        disk = Disk(tmp_path / str(next(numbers)), accidents)
        disk.lock.hold()
        keys = Keys(private_key=a_private_key("me"), device_key="")
        signing_key = public_text(SIGNING_KEY)
        disk.save_enrollment(
            Enrollment(server="https://x", network_id=NETWORK_ID, peer_id=PEER_ID, signing_key=signing_key, keys=keys)
        )
        server = Server(accidents)
        return Agent(server, disk, Interface(server, keys.private_key))

    return made


Agents = Callable[[Accidents], Agent]


def test_a_key_nobody_asks_about_stays(agents: Agents) -> None:
    agent = agents(Accidents())

    agent.run()

    assert (agent.server.told, agent.server.public_key) == (0, ME)


def test_an_asked_agent_changes_its_key_once(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked = True

    agent.run()

    agent.assert_settled()
    assert agent.server.public_key != ME
    assert len(set(agent.interface.used)) == 2


def test_lost_answers_are_asked_for_again(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked, agent.server.lost_answers = True, 3

    agent.run()

    agent.assert_settled()
    assert agent.server.public_key != ME


def test_killed_at_any_point_it_goes_on_where_it_was(agents: Agents) -> None:
    """Every danger of a whole change, one after the other, until there are no more."""
    kills = 0
    for at in count():
        agent = agents(Accidents(kill_at=at))
        agent.server.is_asked = True
        try:
            agent.run()
        except Killed:
            kills += 1
            agent.run()
        agent.assert_settled()
        assert agent.server.public_key != ME
        if kills <= at:
            break
    assert kills > 10


def test_killed_again_and_again_it_arrives(agents: Agents) -> None:
    accidents = Accidents(kill_at=3)
    agent = agents(accidents)
    agent.server.is_asked = True
    for kill_at in (3, 4, 5, 6, 2, 4, None):
        accidents.kill_at, accidents.passed = kill_at, count()
        try:
            agent.run()
        except Killed:
            continue

    agent.assert_settled()
    assert agent.server.public_key != ME


def test_the_next_key_is_not_used_before_it_is_held(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked, agent.server.held_after = True, 10_000

    agent.run()

    assert set(agent.interface.used) == {ME}
    assert agent.server.staged_key == wireguard_public_key(str(agent.keys.next_private_key))

    agent.server.held_after = 0
    agent.run()
    agent.assert_settled()


def test_a_key_that_is_anothers_is_thrown_away_for_a_new_one(agents: Agents) -> None:
    agent = agents(Accidents())
    keys = Keys(private_key=a_private_key("me"), device_key="", next_private_key=a_private_key("next"))
    agent.disk.save_keys(keys)
    agent.server.others.add(NEXT)

    agent.run()

    agent.assert_settled()
    assert agent.server.public_key not in (ME, NEXT)


def test_an_agent_whose_key_is_nobodys_comes_back_with_another(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.public_key = a_public_key("what it was before the backup")
    agent.interface.apply = lambda wanted: ApplyResult(is_changed=True)  # type: ignore[method-assign]

    agent.run()

    agent.assert_settled()


def a_core() -> State:
    """Connected, and runs a bundle that knows its key."""
    state = initial(NETWORK_ID, PEER_ID, "i", keys=Rotation(in_use=ME, due_in_s=1000.0, lifetime_s=5000.0))
    bundle = fetched(a_bundle(peers=[], public_key=ME))
    for event in (
        ev.Started(saved=bundle),
        ev.BundleApplied(fetched=bundle, made=ApplyResult(is_changed=False)),
        ev.SessionOpened(lifetime_s=60.0),
        ev.FrameReceived(socket=1, frame=Welcome(generation=0, wanted=1, heartbeat_interval_s=240)),
    ):
        state, _ = step(state, event)
    return state


def test_an_old_key_is_replaced_without_being_asked() -> None:
    state, effects = step(a_core(), ev.TimerFired(timer=Timer.KEY_AGE))

    assert ef.MakeKey() in effects
    assert state.rotation.is_due


def test_the_age_of_a_key_counts_from_the_disk_and_then_anew() -> None:
    _, first = step(
        initial(NETWORK_ID, PEER_ID, "i", keys=Rotation(in_use=ME, due_in_s=1000.0, lifetime_s=5000.0)),
        ev.Started(saved=None),
    )
    _, again = step(a_core(), ev.KeySwitched(public_key=NEXT))

    ages = [effect for effect in (*first, *again) if isinstance(effect, ef.SetTimer) and effect.timer is Timer.KEY_AGE]
    assert [(age.low_s, age.high_s) for age in ages] == [(950.0, 1050.0), (4750.0, 5250.0)]


def test_a_key_that_is_overdue_waits_a_little_so_that_a_fleet_does_not_come_in_step() -> None:
    state = initial(NETWORK_ID, PEER_ID, "i", keys=Rotation(in_use=ME, due_in_s=-9e9, lifetime_s=5000.0))

    _, effects = step(state, ev.Started(saved=None))

    assert ef.SetTimer(Timer.KEY_AGE, 60.0, 600.0) in effects


def test_a_disk_that_is_full_changes_no_key() -> None:
    failed, effects = step(a_core(), ev.TimerFired(timer=Timer.KEY_AGE))
    failed, effects = step(failed, ev.KeysFailed(status=None, error="full"))

    assert not any(isinstance(effect, ef.MakeKey) for effect in effects)
    assert any(isinstance(effect, ef.SetTimer) and effect.timer is Timer.KEYS for effect in effects)
    _, effects = step(failed, ev.TimerFired(timer=Timer.KEYS))
    assert ef.MakeKey() in effects


def test_without_the_secrets_on_the_disk_the_next_key_waits() -> None:
    staged = fetched(a_bundle(2, peers=[], public_key=ME, staged_key=NEXT))
    state, _ = step(a_core(), ev.KeyMade(next_key=NEXT))
    state, _ = step(state, ev.BundleApplied(fetched=staged, made=ApplyResult(is_changed=False)))
    state, _ = step(state, ev.SaveFailed(fetched=staged, error="full"))
    held = KeysKnown(public_key=ME, staged_key=NEXT, is_held=True)

    state, waits = step(state, ev.KeysTold(known=held))
    _, goes = step(state, ev.BundleSaved(fetched=staged))

    assert ef.SwitchKey(NEXT) not in waits
    assert ef.SwitchKey(NEXT) in goes


def test_a_session_that_is_refused_while_telling_is_opened_anew() -> None:
    state, _ = step(a_core(), ev.KeysFailed(status=401, error="unauthenticated"))

    assert state.link.session.value == "absent"


def test_a_disk_that_cannot_keep_the_switch_leaves_the_old_key_in_use(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked = True
    save, saves = Disk.save_keys, count()

    class Full(Disk):
        def save_keys(self, keys: Keys) -> None:
            if next(saves) == 1:
                raise StateUnusable("full")
            save(self, keys)

    agent.disk = Full(agent.disk.path, agent.server.accidents)
    agent.run()

    agent.assert_settled()
