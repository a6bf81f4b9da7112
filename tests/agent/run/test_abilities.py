"""A platform whose tunnel can be applied, planned and removed, and nothing else, still has a worker."""

from pathlib import Path

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.core import effects as ef
from agent.core import events as ev
from agent.host.tunnel.wanted import desired
from agent.ports import TunnelAbilities
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
from agent.run.worker import Worker
from tests.agent.builders import a_bundle, a_public_key
from tests.agent.run.fakes import APPLY, FakeControlPlane, FakeGuard, FakeNames, FakeTunnel, FakeWayOut


def a_worker(tunnel: FakeTunnel, state: Path, abilities: TunnelAbilities) -> Worker:
    host = host_jobs(
        tunnel=tunnel,
        names=FakeNames(),
        store=EnrollmentDir(state),
        way_out=FakeWayOut(),
        guard=FakeGuard(),
        abilities=abilities,
    )
    worker = Worker(ControlPlaneJobs(FakeControlPlane(), host.in_force), host, emit=lambda _: None)
    worker.perform(APPLY)
    return worker


def test_without_drift_repair_the_bundle_is_applied_again(tmp_path: Path) -> None:
    tunnel = FakeTunnel()
    worker = a_worker(tunnel, tmp_path, TunnelAbilities())

    event = worker.perform(ef.Reconcile())

    assert isinstance(event, ev.Reconciled)
    assert tunnel.made == [desired(a_bundle())] * 2
    assert EnrollmentDir(tmp_path).learned() == {}


def test_where_peers_were_seen_is_kept_by_a_platform_that_sees_them(tmp_path: Path) -> None:
    tunnel = FakeTunnel()
    worker = a_worker(tunnel, tmp_path, TunnelAbilities(sightings=tunnel))

    worker.perform(ef.Reconcile())

    assert EnrollmentDir(tmp_path).learned() == tunnel.learned()


def test_a_peer_that_cannot_be_reset_is_told_so(tmp_path: Path) -> None:
    worker = a_worker(FakeTunnel(), tmp_path, TunnelAbilities())

    event = worker.perform(ef.ResetPeer(a_public_key("left")))

    assert event == ev.PeerReset(
        error="the tunnel of this platform cannot forget a peer's session", asked_at_s=event.asked_at_s, at_s=event.at_s
    )
