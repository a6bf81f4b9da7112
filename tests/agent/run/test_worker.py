"""The worker: each job ends in the event the core expects, and none holds up another."""

from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from time import monotonic

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import KeyRefused, Outage, PeerDeleted, StateUnusable, ToolFailed
from agent.run.worker import Worker
from chalicelib.wire.frames import Ack, Heartbeat
from tests.agent.builders import a_bundle, a_public_key, a_tombstone, fetched
from tests.agent.run.fakes import APPLY, HEARTBEAT, TELL, TRY, FakeControlPlane, FakeKeys, a_worker, a_worker_of

WAIT_S = 5.0


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
        (a_worker(), ef.Rehome(frozenset({"jmp_1"})), ev.Rehomed),
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
