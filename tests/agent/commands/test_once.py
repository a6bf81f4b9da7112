"""`run --once`: what it leaves, reports and refuses."""

import pytest

from tests.agent.builders import (
    NETWORK_ID,
    a_bundle,
    a_peer,
    a_public_key,
    a_tombstone,
)
from tests.agent.laboratory import INTERFACE, Laboratory, until

pytestmark = pytest.mark.root


def test_run_once_reports_and_ends_and_a_second_one_has_nothing_to_do(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    first = laboratory.command("run", "--once")
    reports = origin.applied()
    second = laboratory.command("run", "--once")

    assert (first.returncode, second.returncode) == (0, 0)
    assert [(report.revision, report.ok) for report in reports] == [(1, True)]
    assert "revision 1 is in force, nothing to do" in second.stdout
    assert origin.frames == []  # no socket was opened


def test_run_once_without_the_control_plane_stands_on_the_last_good_bundle(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh(f"ip link delete {INTERFACE}")
    laboratory.origin.stop()

    done = laboratory.command("run", "--once")

    assert done.returncode == 4
    assert "no answer from the control plane" in done.stderr
    assert "revision 1 is in force" in done.stderr
    assert laboratory.wg("peers") == a_public_key("hub")


def test_run_once_of_a_wrong_bundle_says_so_reports_it_and_keeps_the_good_one(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")
    origin.bundle = a_bundle(2, [a_peer("a", ["10.9.0.7/32"]), a_peer("b", ["10.9.0.7/32"])])

    done = laboratory.command("run", "--once")

    assert done.returncode == 1
    assert "stands twice" in done.stderr
    assert not origin.applied()[-1].ok
    assert laboratory.wg("peers") == a_public_key("hub")


def test_run_once_of_a_deleted_peer_takes_its_tunnel_down(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.origin.tombstone = a_tombstone()

    planned = laboratory.command("plan", "--fetch")
    kept = laboratory.wg("peers")
    done = laboratory.command("run", "--once")

    assert (planned.returncode, done.returncode) == (3, 3)
    assert kept == a_public_key("hub")
    assert INTERFACE not in laboratory.inside.sh("ip link show")


def test_run_once_is_refused_while_an_agent_runs_and_plan_is_not(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    until(lambda: (laboratory.state / NETWORK_ID / "bundle.jsonl").exists())

    assert "already runs" in laboratory.command("run", "--once").stderr
    assert "nothing to do" in laboratory.command("plan").stdout
