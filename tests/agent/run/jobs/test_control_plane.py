"""Calls to the control plane, and what came of them."""

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import PeerDeleted
from tests.agent.builders import a_bundle, a_tombstone, fetched
from tests.agent.run.fakes import SWALLOWS, TELL, FakeControlPlane, a_worker, a_worker_of


def test_a_tombstone_comes_with_what_else_the_call_came_to() -> None:
    event = a_worker(PeerDeleted(a_tombstone())).perform(TELL)

    assert isinstance(event, ev.Deleted)
    assert isinstance(event.otherwise, ev.KeysFailed)


def test_after_a_rollback_differences_are_asked_for_from_the_good_bundle() -> None:
    plane, good = FakeControlPlane(), fetched(a_bundle())
    worker = a_worker_of(plane)
    worker.perform(ef.Try(fetched(SWALLOWS), good))

    worker.perform(ef.RollBack(fetched(SWALLOWS), good))

    assert isinstance(worker.perform(ef.Fetch(good.version)), ev.BundleUnchanged)
    assert plane.based_on == [good]
