"""An agent that changes its key, over files and a control plane in memory, and may be killed at any step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Rotation, State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.errors import KeyRefused, Outage
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.enrollment import Keys
from agent.identity.keys import wireguard_public_key
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
from agent.run.own_keys import Pairs
from agent.run.worker import Worker
from chalicelib.wire.agent import KeysKnown, KeysReport
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Ack, Applied, Heartbeat, Welcome
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_public_key, a_trust, fetched
from tests.fleet.hostless import NoGuard, NoNames, Online

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
