"""The tunnel of the bundle in force: healed and removed."""

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import ToolFailed
from tests.agent.builders import a_tombstone
from tests.agent.run.fakes import APPLY, FakeStore, FakeTunnel, a_worker_of


def test_a_look_at_the_host_compares_with_the_bundle_applied_last() -> None:
    tunnel = FakeTunnel()
    worker = a_worker_of(tunnel=tunnel)
    worker.perform(APPLY)

    assert isinstance(worker.perform(ef.Reconcile()), ev.Reconciled)
    assert tunnel.made[0] == tunnel.made[1]


def test_the_proof_of_deletion_is_on_disk_before_the_tunnel_goes() -> None:
    store = FakeStore()
    worker = a_worker_of(tunnel=FakeTunnel(ToolFailed("busy")), store=store)

    worker.perform(ef.TearDown(a_tombstone()))

    assert store.tombstone == a_tombstone()
