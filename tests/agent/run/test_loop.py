"""The loop: events in, effects out, timers in their order; and the worker's translation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from time import monotonic

import pytest

from agent.bundle.received import Fetched, Received, applied_to
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial
from agent.errors import KeyRefused, Outage, PeerDeleted, StateUnusable, ToolFailed
from agent.host.dns_zone import Zone, zone_of
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.liveness import Target
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.enrollment import Keys
from agent.ports import TunnelAbilities, Way
from agent.run.loop import Runtime
from agent.run.own_keys import Pairs
from agent.run.worker import Worker
from chalicelib.wire.agent import KeysKnown, KeysReport
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Ack, Applied, Heartbeat
from tests.agent.builders import (
    NETWORK_ID,
    PEER_ID,
    a_bundle,
    a_peer,
    a_private_key,
    a_public_key,
    a_tombstone,
    fetched,
    received_delta,
)


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
class FakeWatch:
    paces_s: list[float] = field(default_factory=list)

    def observe(self, every_s: float) -> None:
        self.paces_s.append(every_s)


@dataclass
class FakeTunnels:
    targets: list[Sequence[Target]] = field(default_factory=list)

    def watch(self, targets: Sequence[Target]) -> None:
        self.targets.append(targets)


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
class FakePush:
    opened: list[int] = field(default_factory=list)

    def open(self, socket: int) -> None:
        self.opened.append(socket)

    def send(self, socket: int, frame: bytes) -> None: ...

    def close(self, socket: int) -> None: ...


def a_worker(plane: Exception | None = None, tunnel: Exception | None = None, store: Exception | None = None) -> Worker:
    return a_worker_of(FakeControlPlane(plane), FakeTunnel(tunnel), FakeStore(store))


@dataclass
class FakeKeys:
    trouble: Exception | None = None

    def save_keys(self, keys: Keys) -> None:
        if self.trouble is not None:
            raise self.trouble


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
    return Worker(
        control_plane=plane or FakeControlPlane(),
        tunnel=tunnel,
        names=names or FakeNames(),
        store=store or FakeStore(),
        way_out=way_out or FakeWayOut(),
        guard=guard or FakeGuard(),
        emit=emit,
        pairs=None if keys is None else Pairs(KEYS, keys, FakeTunnel()),
        abilities=TunnelAbilities(drift_repair=tunnel, peer_reset=tunnel, sightings=tunnel),
    )


KEYS = Keys(private_key=a_private_key("me"), device_key="")
TELL = ef.TellKeys(KeysReport(public_key=a_public_key("me")))
APPLY = ef.Apply(fetched(a_bundle()))
TRY = ef.Try(fetched(a_bundle(2)), fetched(a_bundle()))
WAIT_S = 5.0
HEARTBEAT = Heartbeat(instance_id="i", seq=1, generation=0, revision=0, hash="")


@pytest.mark.parametrize(
    ("worker", "job", "kind"),
    [
        (a_worker(), ef.OpenSession(), ev.SessionOpened),
        (a_worker(Outage("r", 500)), ef.OpenSession(), ev.SessionFailed),
        (a_worker(PeerDeleted(a_tombstone())), ef.OpenSession(), ev.Deleted),
        (a_worker(), ef.Fetch(None), ev.BundleFetched),
        (a_worker(Outage("r")), ef.Fetch(None), ev.FetchFailed),
        (a_worker(PeerDeleted(a_tombstone())), ef.Fetch(None), ev.Deleted),
        (a_worker(), APPLY, ev.BundleApplied),
        (a_worker(tunnel=ToolFailed("nft")), APPLY, ev.ApplyFailed),
        (a_worker(), TRY, ev.BundleApplied),
        (a_worker(tunnel=ToolFailed("nft")), TRY, ev.ApplyFailed),
        (a_worker(), ef.RollBack(fetched(a_bundle(2)), None), ev.RolledBack),
        (a_worker(tunnel=ToolFailed("ip")), ef.RollBack(fetched(a_bundle(2)), None), ev.RollBackFailed),
        (a_worker(Outage("r")), ef.Probe(), ev.Probed),
        (a_worker(), ef.SeeRoute(), ev.RouteSeen),
        (a_worker(), ef.Refuse(fetched(a_bundle(2)), "cut off"), ev.Remembered),
        (a_worker(store=StateUnusable("full")), ef.Refuse(fetched(a_bundle(2)), "cut off"), ev.Remembered),
        (a_worker(), ef.Save(fetched(a_bundle())), ev.BundleSaved),
        (a_worker(store=StateUnusable("full")), ef.Save(fetched(a_bundle())), ev.SaveFailed),
        (a_worker(), ef.Reconcile(), ev.ReconcileFailed),
        (a_worker(), ef.Post(HEARTBEAT), ev.Posted),
        (a_worker(Outage("r")), ef.Post(HEARTBEAT), ev.PostFailed),
        (a_worker(), ef.MakeKey(), ev.KeysFailed),
        (a_worker_of(keys=FakeKeys()), ef.MakeKey(), ev.KeyMade),
        (a_worker_of(keys=FakeKeys(StateUnusable("full"))), ef.MakeKey(), ev.KeysFailed),
        (a_worker_of(keys=FakeKeys()), TELL, ev.KeysTold),
        (a_worker_of(FakeControlPlane(Outage("r", 500)), keys=FakeKeys()), TELL, ev.KeysFailed),
        (a_worker_of(FakeControlPlane(KeyRefused("another's")), keys=FakeKeys()), TELL, ev.KeyRefused),
        (a_worker_of(keys=FakeKeys()), ef.SwitchKey(a_public_key("next")), ev.KeysFailed),
        (a_worker(), ef.TearDown(a_tombstone()), ev.TornDown),
        (a_worker(tunnel=ToolFailed("busy")), ef.TearDown(a_tombstone()), ev.TearDownFailed),
    ],
)
def test_each_job_ends_in_the_event_the_core_expects(worker: Worker, job: ef.Job, kind: type[ev.Event]) -> None:
    assert isinstance(worker.perform(job), kind)


@pytest.mark.parametrize("job", [ef.OpenSession(), ef.Fetch(None), TELL])
def test_what_an_answer_said_of_when_to_ask_again_goes_with_the_event(job: ef.Job) -> None:
    worker = a_worker_of(FakeControlPlane(Outage("busy", 503, retry_after_s=7)), keys=FakeKeys())

    failed = worker.perform(job)

    assert isinstance(failed, ev.SessionFailed | ev.FetchFailed | ev.KeysFailed)
    assert failed.retry_after_s == 7


def test_a_wrong_bundle_never_reaches_the_tunnel() -> None:
    tunnel = FakeTunnel()
    worker = a_worker_of(tunnel=tunnel)
    twice = [a_peer("a", ["10.9.0.3/32"]), a_peer("b", ["10.9.0.3/32"])]

    event = worker.perform(ef.Apply(fetched(a_bundle(peers=twice))))

    assert isinstance(event, ev.ApplyFailed)
    assert event.is_refused
    assert tunnel.made == []


def test_a_look_at_the_host_compares_with_the_bundle_applied_last() -> None:
    tunnel = FakeTunnel()
    worker = a_worker_of(tunnel=tunnel)
    worker.perform(APPLY)

    assert isinstance(worker.perform(ef.Reconcile()), ev.Reconciled)
    assert tunnel.made[0] == tunnel.made[1]


def test_the_names_of_a_bundle_are_served_once_its_tunnel_stands_and_again_with_each_look() -> None:
    tunnel, names = FakeTunnel(), FakeNames()
    worker = a_worker_of(tunnel=tunnel, names=names)
    bundle = a_bundle(forward=True)

    worker.perform(ef.Apply(fetched(bundle)))
    worker.perform(ef.Reconcile())
    worker.perform(ef.Apply(fetched(a_bundle())))
    worker.perform(ef.TearDown(a_tombstone()))

    zone = zone_of(bundle, tunnel.made[0])
    assert zone is not None
    assert names.served == [zone, zone, None, None]


def test_a_tunnel_that_fails_leaves_the_names_as_they_were() -> None:
    names = FakeNames()
    worker = a_worker_of(tunnel=FakeTunnel(ToolFailed("nft")), names=names)

    worker.perform(APPLY)

    assert names.served == []


def test_names_that_cannot_be_served_cost_nobody_a_tunnel(caplog: pytest.LogCaptureFixture) -> None:
    tunnel, names = FakeTunnel(), FakeNames(ToolFailed("port 53 is not free"))
    worker = a_worker_of(tunnel=tunnel, names=names)

    applied = worker.perform(ef.Apply(fetched(a_bundle(forward=True))))
    looked = worker.perform(ef.Reconcile())
    names.trouble = None
    healed = worker.perform(ef.Reconcile())

    assert isinstance(applied, ev.BundleApplied)
    assert isinstance(looked, ev.Reconciled)
    assert isinstance(healed, ev.Reconciled)
    assert applied.made.names_error == looked.made.names_error == "port 53 is not free"
    assert healed.made.names_error is None
    assert [record.getMessage() for record in caplog.records] == ["names_not_served"]


def test_the_proof_of_deletion_is_on_disk_before_the_tunnel_goes() -> None:
    store = FakeStore()
    worker = a_worker_of(tunnel=FakeTunnel(ToolFailed("busy")), store=store)

    worker.perform(ef.TearDown(a_tombstone()))

    assert store.tombstone == a_tombstone()


def test_a_fault_of_our_own_does_not_end_the_worker() -> None:
    events: SimpleQueue[ev.Event] = SimpleQueue()
    worker = a_worker_of(FakeControlPlane(ZeroDivisionError()), emit=events.put)
    worker.start()

    worker.put(ef.Fetch(None))
    failed = events.get(timeout=5)
    worker.put(APPLY)

    assert isinstance(failed, ev.FetchFailed)
    assert isinstance(events.get(timeout=5), ev.BundleApplied)


@dataclass
class BlackHole(FakeControlPlane):
    """Packets to it are dropped: a call hangs until the test ends it."""

    end: Event = field(default_factory=Event)

    def beat(self, heartbeat: Heartbeat) -> Ack:
        self.end.wait(WAIT_S)
        raise Outage("no answer")


@pytest.mark.parametrize(
    ("job", "kind"),
    [
        (ef.Rehome(frozenset()), ev.Rehomed),
        (ef.RollBack(fetched(a_bundle(2)), fetched(a_bundle())), ev.RolledBack),
        (ef.Reconcile(), ev.Reconciled),
        (ef.ResetPeer(a_public_key("left")), ev.PeerReset),
        (ef.SeeRoute(), ev.RouteSeen),
        (ef.TearDown(a_tombstone()), ev.TornDown),
        (ef.Probe(), ev.Probed),
    ],
)
def test_a_call_that_hangs_holds_up_no_work_on_the_host_and_no_probe(job: ef.Job, kind: type[ev.Event]) -> None:
    events: SimpleQueue[ev.Event] = SimpleQueue()
    plane = BlackHole()
    worker = a_worker_of(plane, emit=events.put)
    worker.perform(APPLY)
    worker.start()

    worker.put(ef.Post(HEARTBEAT))
    worker.put(job)
    first = events.get(timeout=WAIT_S)
    plane.end.set()

    assert isinstance(first, kind)
    assert isinstance(events.get(timeout=WAIT_S), ev.PostFailed)


def test_what_came_of_a_call_says_when_it_was_asked() -> None:
    before_s = monotonic()

    event = a_worker(Outage("r")).perform(ef.Post(HEARTBEAT))

    assert event.asked_at_s is not None
    assert before_s <= event.asked_at_s <= event.at_s


def test_a_tombstone_comes_with_what_else_the_call_came_to() -> None:
    event = a_worker(PeerDeleted(a_tombstone())).perform(TELL)

    assert isinstance(event, ev.Deleted)
    assert isinstance(event.otherwise, ev.KeysFailed)


def a_runtime(jobs: list[ef.Job], shown: list[State]) -> Runtime:
    return Runtime(
        state=initial(NETWORK_ID, PEER_ID, "i"),
        put_job=jobs.append,
        push=FakePush(),
        watch=FakeWatch(),
        tunnels=FakeTunnels(),
        queue=SimpleQueue(),
        show=shown.append,
        uniform=lambda low_s, high_s: low_s,
    )


def test_the_loop_ends_with_the_code_the_core_names() -> None:
    jobs: list[ef.Job] = []
    shown: list[State] = []
    runtime = a_runtime(jobs, shown)
    runtime.queue.put(ev.Started(saved=None))
    runtime.queue.put(ev.StopRequested())

    assert runtime.run() == 0
    assert jobs == [ef.OpenSession()]
    assert shown == [runtime.state]


def test_a_timer_fires_when_it_is_due() -> None:
    jobs: list[ef.Job] = []
    runtime = a_runtime(jobs, [])

    def stopping(job: ef.Job) -> None:
        jobs.append(job)
        if len(jobs) == 2:
            runtime.queue.put(ev.StopRequested())

    runtime.put_job = stopping
    runtime.queue.put(ev.Started(saved=None))
    runtime.queue.put(ev.SessionFailed(status=None, reason="r"))  # waits 0 s by the drawn jitter

    runtime.run()

    assert jobs == [ef.OpenSession(), ef.OpenSession()]


SWALLOWS = a_bundle(2, [a_peer(allowed_ips=["10.9.0.1/32", "203.0.113.0/24"])])


@dataclass
class WatchedTunnel(FakeTunnel):
    """Notes whether somebody knew of the trial when the host was touched."""

    store: FakeStore = field(default_factory=FakeStore)
    guard: FakeGuard = field(default_factory=FakeGuard)
    was_watched: bool = False

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        self.was_watched = self.store.trial is not None and self.guard.is_armed
        return super().apply(wanted)


def test_a_trial_is_on_disk_and_its_guard_armed_before_the_host_is_touched() -> None:
    tunnel = WatchedTunnel()
    worker = a_worker_of(tunnel=tunnel, store=tunnel.store, guard=tunnel.guard)

    event = worker.perform(ef.Try(fetched(SWALLOWS), fetched(a_bundle())))

    assert isinstance(event, ev.BundleApplied)
    assert (event.is_on_trial, tunnel.was_watched) == (True, True)


def test_a_bundle_that_cannot_cut_the_host_off_has_no_trial() -> None:
    tunnel = WatchedTunnel()
    worker = a_worker_of(tunnel=tunnel, store=tunnel.store, guard=tunnel.guard)

    event = worker.perform(TRY)

    assert isinstance(event, ev.BundleApplied)
    assert (event.is_on_trial, tunnel.was_watched) == (False, False)


BY_THE_LAN = frozenset({Way("203.0.113.1", "eth0", "192.168.1.1", "192.168.1.2")})
BY_ANOTHER = frozenset({Way("203.0.113.1", "eth1", "10.0.0.1", "10.0.0.2")})


@pytest.mark.parametrize(
    ("before", "after", "is_on_trial"),
    [
        (BY_THE_LAN, BY_THE_LAN, False),
        (BY_THE_LAN, BY_ANOTHER, True),
        (BY_THE_LAN, None, True),
        (None, BY_THE_LAN, True),
        (None, None, True),
    ],
)
def test_a_bundle_that_leaves_the_ways_out_as_they_were_is_not_suspected(
    before: frozenset[Way] | None, after: frozenset[Way] | None, is_on_trial: bool
) -> None:
    worker = a_worker_of(way_out=FakeWayOut([before, after]))

    event = worker.perform(ef.Try(fetched(SWALLOWS), fetched(a_bundle())))

    assert isinstance(event, ev.BundleApplied)
    assert event.is_on_trial == is_on_trial


@pytest.mark.parametrize("job", [ef.Save(fetched(SWALLOWS)), ef.Refuse(fetched(SWALLOWS), "cut off")])
def test_the_end_of_a_trial_disarms_its_guard_though_the_disk_is_full(job: ef.Job) -> None:
    guard = FakeGuard(is_armed=True)

    a_worker_of(store=FakeStore(StateUnusable("full")), guard=guard).perform(job)

    assert not guard.is_armed


def test_a_trial_that_the_disk_refuses_is_watched_by_the_agent_alone() -> None:
    tunnel, guard = FakeTunnel(), FakeGuard()
    worker = a_worker_of(tunnel=tunnel, store=FakeStore(StateUnusable("full")), guard=guard)

    event = worker.perform(ef.Try(fetched(SWALLOWS), fetched(a_bundle())))

    assert isinstance(event, ev.BundleApplied)
    assert (event.is_on_trial, guard.is_armed, len(tunnel.made)) == (True, False, 1)


def test_after_a_rollback_differences_are_asked_for_from_the_good_bundle() -> None:
    plane, good = FakeControlPlane(), fetched(a_bundle())
    worker = a_worker_of(plane)
    worker.perform(ef.Try(fetched(SWALLOWS), good))

    worker.perform(ef.RollBack(fetched(SWALLOWS), good))

    assert isinstance(worker.perform(ef.Fetch(good.version)), ev.BundleUnchanged)
    assert plane.based_on == [good]


def test_a_delta_is_added_to_the_bundle_before_it_and_after_a_full_disk_all_is_written_anew() -> None:
    store = FakeStore()
    worker = a_worker_of(store=store)
    chain = [fetched(a_bundle(1))]
    for revision in (2, 3, 4):
        chain.append(applied_to(chain[-1], received_delta(a_bundle(revision - 1), a_bundle(revision))))

    worker.perform(ef.Save(chain[0]))
    worker.perform(ef.Save(chain[1]))
    added = (store.kept, store.writes)
    store.trouble = StateUnusable("full")
    worker.perform(ef.Save(chain[2]))
    store.trouble = None
    worker.perform(ef.Save(chain[3]))

    assert added == ([*chain[1].chain], 1)
    assert (store.kept, store.writes) == ([*chain[3].chain], 2)
