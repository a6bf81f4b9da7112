"""Bundles on the host: applied, tried, and kept on the disk."""

from dataclasses import dataclass, field

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import StateUnusable
from agent.host.results import ApplyResult
from agent.host.tunnel.wanted import WantedTunnel
from agent.ports import Way
from tests.agent.builders import a_bundle, a_peer, fetched
from tests.agent.run.fakes import SWALLOWS, TRY, FakeGuard, FakeStore, FakeTunnel, FakeWayOut, a_worker_of


def test_a_wrong_bundle_never_reaches_the_tunnel() -> None:
    tunnel = FakeTunnel()
    worker = a_worker_of(tunnel=tunnel)
    twice = [a_peer("a", ["10.9.0.3/32"]), a_peer("b", ["10.9.0.3/32"])]

    event = worker.perform(ef.Apply(fetched(a_bundle(peers=twice))))

    assert isinstance(event, ev.ApplyFailed)
    assert event.is_refused
    assert tunnel.made == []


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
