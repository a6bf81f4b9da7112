"""The names of the bundle in force, served beside its tunnel."""

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import ToolFailed
from agent.host.dns_zone import zone_of
from tests.agent.builders import a_bundle, a_tombstone, fetched
from tests.agent.run.fakes import APPLY, FakeNames, FakeTunnel, a_worker_of


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
