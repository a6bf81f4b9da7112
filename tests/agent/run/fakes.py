"""A worker over ports in memory, each of which can be made to fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.bundle.received import Fetched, Received
from agent.core import effects as ef
from agent.core import events as ev
from agent.host.dns_zone import Zone
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.enrollment import Keys
from agent.ports import TunnelAbilities, Way
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
from agent.run.own_keys import Pairs
from agent.run.worker import Worker
from chalicelib.wire.agent import KeysKnown, KeysReport
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Ack, Applied, Heartbeat
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key, fetched

KEYS = Keys(private_key=a_private_key("me"), device_key="")
TELL = ef.TellKeys(KeysReport(public_key=a_public_key("me")))
APPLY = ef.Apply(fetched(a_bundle()))
TRY = ef.Try(fetched(a_bundle(2)), fetched(a_bundle()))
HEARTBEAT = Heartbeat(instance_id="i", seq=1, generation=0, revision=0, hash="")
SWALLOWS = a_bundle(2, [a_peer(allowed_ips=["10.9.0.1/32", "203.0.113.0/24"])])


@dataclass
class FakeControlPlane:
    trouble: Exception | None = None
    reported: list[Applied] = field(default_factory=list)
    based_on: list[Fetched] = field(default_factory=list)

    def open_session(self) -> float:
        self._fail()
        return 60.0

    def newer(self, base: Fetched) -> Fetched | None:
        self._fail()
        self.based_on.append(base)
        return None

    def whole(self, base: Fetched | None) -> Fetched | None:
        self._fail()
        return fetched(a_bundle()) if base is None else None

    def probe(self) -> bool:
        return self.trouble is None

    def report(self, applied: Applied) -> None:
        self._fail()
        self.reported.append(applied)

    def tell_keys(self, report: KeysReport) -> KeysKnown:
        self._fail()
        return KeysKnown(public_key=report.public_key, staged_key=report.next_key, is_held=True)

    def beat(self, heartbeat: Heartbeat) -> Ack:
        self._fail()
        return Ack(seq=heartbeat.seq, generation=0, wanted=0, nonce="n")

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble


@dataclass
class FakeTunnel:
    trouble: Exception | None = None
    made: list[WantedTunnel] = field(default_factory=list)
    is_removed: bool = False
    reset_keys: list[str] = field(default_factory=list)

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        if self.trouble is not None:
            raise self.trouble
        self.made.append(wanted)
        return ApplyResult(is_changed=True)

    verify = apply

    def use_key(self, private_key: str) -> None: ...

    def reset(self, wanted: WantedTunnel, public_key: str) -> None:
        self.reset_keys.append(public_key)

    def learned(self) -> Mapping[str, str]:
        return {"key": "203.0.113.1:1"}

    def plan(self, wanted: WantedTunnel) -> PlannedChanges:
        return PlannedChanges()

    def remove(self) -> Sequence[str]:
        if self.trouble is not None:
            raise self.trouble
        self.is_removed = True
        return ()


@dataclass
class FakeNames:
    trouble: Exception | None = None
    served: list[Zone | None] = field(default_factory=list)

    def apply(self, zone: Zone | None) -> None:
        self.served.append(zone)
        if self.trouble is not None:
            raise self.trouble


@dataclass
class FakeStore:
    trouble: Exception | None = None
    tombstone: Tombstone | None = None
    kept: list[Received] = field(default_factory=list)
    writes: int = 0
    trial: tuple[tuple[Received, ...], str | None] | None = None

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def save_bundle(self, chain: Sequence[Received]) -> None:
        self._fail()
        self.kept = [*chain]
        self.writes += 1

    def add_delta(self, received: Received) -> None:
        self._fail()
        self.kept = [*self.kept, received]

    def save_trial(self, chain: Sequence[Received], refused: str | None = None) -> None:
        self._fail()
        self.trial = (tuple(chain), refused)

    def forget_trial(self) -> None:
        self._fail()
        self.trial = None

    def save_learned(self, learned: Mapping[str, str]) -> None:
        self._fail()

    def save_tombstone(self, tombstone: Tombstone) -> None:
        self.tombstone = tombstone


@dataclass
class FakeWayOut:
    """`looks`: the ways as each look finds them; after the last they are unknown."""

    looks: list[frozenset[Way] | None] = field(default_factory=list)

    def has_default_route(self) -> bool:
        return True

    def ways(self) -> frozenset[Way] | None:
        return self.looks.pop(0) if self.looks else None


@dataclass
class FakeGuard:
    is_armed: bool = False

    def arm(self) -> None:
        self.is_armed = True

    def feed(self) -> None: ...

    def disarm(self) -> None:
        self.is_armed = False


@dataclass
class FakeKeys:
    trouble: Exception | None = None

    def save_keys(self, keys: Keys) -> None:
        if self.trouble is not None:
            raise self.trouble


def a_worker(plane: Exception | None = None, tunnel: Exception | None = None, store: Exception | None = None) -> Worker:
    return a_worker_of(FakeControlPlane(plane), FakeTunnel(tunnel), FakeStore(store))


def a_worker_of(
    plane: FakeControlPlane | None = None,
    tunnel: FakeTunnel | None = None,
    store: FakeStore | None = None,
    guard: FakeGuard | None = None,
    names: FakeNames | None = None,
    keys: FakeKeys | None = None,
    way_out: FakeWayOut | None = None,
    emit: Callable[[ev.Event], None] = lambda event: None,
) -> Worker:
    tunnel = tunnel or FakeTunnel()
    host = host_jobs(
        tunnel=tunnel,
        names=names or FakeNames(),
        store=store or FakeStore(),
        way_out=way_out or FakeWayOut(),
        guard=guard or FakeGuard(),
        pairs=None if keys is None else Pairs(KEYS, keys, FakeTunnel()),
        abilities=TunnelAbilities(drift_repair=tunnel, peer_reset=tunnel, sightings=tunnel),
    )
    return Worker(ControlPlaneJobs(plane or FakeControlPlane(), host.in_force), host, emit)
