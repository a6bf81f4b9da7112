"""`leave`: what is revoked, undone and forgotten, and when it is refused."""

import subprocess
import sys

import pytest

from agent.adapters.files.bundle_files import Trial
from chalicelib.wire.codec import encode
from tests.agent.builders import (
    NETWORK_ID,
    a_bundle,
    a_public_key,
    a_tombstone,
    received,
)
from tests.agent.laboratory import INTERFACE, ROOT, WITHIN_S, Laboratory, until

pytestmark = pytest.mark.root


def files(laboratory: Laboratory) -> list[str]:
    return sorted(str(path.relative_to(laboratory.state)) for path in laboratory.state.glob("*/*"))


def test_who_leaves_revokes_its_key_takes_the_tunnel_down_and_forgets_the_enrolment(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")

    done = laboratory.command("leave")
    again = laboratory.command("leave")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr
    assert origin.left is not None
    assert origin.enrolled is not None
    assert origin.left.device_key == origin.enrolled.device_key
    assert INTERFACE not in laboratory.inside.sh("ip link show; nft list tables; ls /run/wireguard")
    assert files(laboratory) == []
    assert "nothing to leave" in again.stdout


def test_leaving_without_the_control_plane_changes_nothing_unless_forced(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    kept = files(laboratory)
    laboratory.origin.fails_with = 503

    refused = laboratory.command("leave")
    as_before = (laboratory.wg("peers"), files(laboratory))
    forced = laboratory.command("leave", "--force")

    assert (refused.returncode, forced.returncode) == (4, 0)
    assert "nothing was changed" in refused.stderr
    assert as_before == (a_public_key("hub"), kept)
    assert "was not told" in forced.stdout
    assert files(laboratory) == []
    assert INTERFACE not in laboratory.inside.sh("ip link show")


def test_a_lost_answer_to_leaving_is_made_good_by_the_same_command(laboratory: Laboratory) -> None:
    origin = laboratory.origin
    laboratory.enroll()
    laboratory.command("run", "--once")
    origin.loses_leave = True

    lost = laboratory.command("leave")
    kept = laboratory.wg("peers")
    done = laboratory.command("leave")

    assert (lost.returncode, done.returncode) == (4, 0)
    assert kept == a_public_key("hub")
    assert files(laboratory) == []


def test_a_jump_whose_key_stands_in_files_stays_unless_they_may_be_void(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.origin.files_named = True

    refused = laboratory.command("leave", "--force")
    done = laboratory.command("leave", "--void-files")

    assert (refused.returncode, done.returncode) == (1, 0)
    assert "--void-files" in refused.stderr
    assert files(laboratory) == []


def test_leaving_is_refused_while_an_agent_runs(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))

    refused = laboratory.command("leave")

    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert laboratory.origin.left is None


def test_the_host_of_a_deleted_peer_forgets_it_by_leaving(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.origin.tombstone = a_tombstone()
    laboratory.command("run", "--once")

    assert laboratory.command("leave").returncode == 0

    assert files(laboratory) == []


def test_leaving_ends_a_guard_that_stands_in_for_an_agent_that_was_killed(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    trial = laboratory.state / NETWORK_ID / "trial.json"
    trial.write_bytes(encode(Trial(chain=[received(a_bundle(2))], refused=None)))
    laboratory.origin.fails_with = 503
    command = [sys.executable, "-m", "agent", "guard", "--state-dir", str(laboratory.state)]
    guard = laboratory.inside.do(lambda: subprocess.Popen(command, cwd=ROOT, text=True))
    laboratory.agents.append(guard)
    until(lambda: str(guard.pid) in (laboratory.state / NETWORK_ID / "lock").read_text())

    left = laboratory.command("leave", "--local")

    assert left.returncode == 0, left.stderr
    assert guard.wait(WITHIN_S) == 0
    assert files(laboratory) == []
