"""Enrolment against a real server on loopback: lost answers, refusals, second tries."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.adapters.control_plane.rest import Http, RestEnroller
from agent.adapters.files.state_dir import StateDir
from agent.adapters.linux.host import LinuxHost
from agent.errors import AlreadyRunning, EnrollmentRefused, Outage
from agent.identity.enrollment import interface_name
from agent.identity.keys import device_public_key, wireguard_public_key
from agent.run.enrolling import Enrolling
from tests.agent.builders import NETWORK_ID, PEER_ID
from tests.agent.origin import Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(network_id=NETWORK_ID, peer_id=PEER_ID) as made:
        yield made


def enrolling(origin: Origin, state: Path) -> Enrolling:
    return Enrolling(enroller=RestEnroller(Http(origin.url)), store=StateDir(state), host=LinuxHost())


def files(state: Path) -> list[str]:
    return sorted(str(path.relative_to(state)) for path in state.rglob("*") if path.is_file())


def test_an_enrolment_is_kept_with_the_keys_that_were_sent(origin: Origin, tmp_path: Path) -> None:
    enrolling(origin, tmp_path).enroll(origin.url, "token")

    kept = StateDir(tmp_path).of_network(NETWORK_ID).enrollment()
    assert kept is not None
    assert (kept.peer_id, kept.server) == (PEER_ID, origin.url)
    assert origin.enrolled is not None
    assert wireguard_public_key(kept.keys.private_key) == origin.enrolled.public_key
    assert device_public_key(kept.keys.device_key) == origin.enrolled.device_key


def test_what_is_kept_is_for_its_owner_alone(origin: Origin, tmp_path: Path) -> None:
    state = tmp_path / "wirety"

    enrolling(origin, state).enroll(origin.url, "token")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (state, *state.rglob("*"))}
    assert modes == {0o600, 0o700}


def test_a_lost_answer_is_made_good_by_the_same_command(origin: Origin, tmp_path: Path) -> None:
    origin.loses = 1
    with pytest.raises(Outage):
        enrolling(origin, tmp_path).enroll(origin.url, "token")
    sent = origin.enrolled

    enrolling(origin, tmp_path).enroll(origin.url, "token")

    assert origin.enrolled == sent
    assert files(tmp_path) == [f"{NETWORK_ID}/enrollment.json", f"{NETWORK_ID}/lock"]


def test_keys_are_on_disk_before_they_are_sent(origin: Origin, tmp_path: Path) -> None:
    origin.stop()

    with pytest.raises(Outage):
        enrolling(origin, tmp_path).enroll(origin.url, "token")

    assert StateDir(tmp_path).pending_keys(origin.url, "token") is not None
    origin.restart()


def test_a_refused_enrolment_leaves_nothing_and_blocks_nothing(origin: Origin, tmp_path: Path) -> None:
    with pytest.raises(EnrollmentRefused, match="token_invalid"):
        enrolling(origin, tmp_path).enroll(origin.url, "wrong")
    assert files(tmp_path) == []

    enrolling(origin, tmp_path).enroll(origin.url, "token")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_costs_no_keys(origin: Origin, tmp_path: Path, status: int) -> None:
    origin.fails_with = status

    with pytest.raises(Outage):
        enrolling(origin, tmp_path).enroll(origin.url, "token")

    assert StateDir(tmp_path).pending_keys(origin.url, "token") is not None


def test_the_file_of_pending_keys_does_not_hold_the_token(origin: Origin, tmp_path: Path) -> None:
    origin.fails_with = 503
    with pytest.raises(Outage):
        enrolling(origin, tmp_path).enroll(origin.url, "token-of-the-peer")

    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "token-of-the-peer" not in path.name + path.read_text()


def test_enrolling_again_while_an_agent_runs_waits_for_it_and_burns_nothing(origin: Origin, tmp_path: Path) -> None:
    directory = StateDir(tmp_path).of_network(NETWORK_ID)
    held = directory.lock.hold()
    with pytest.raises(AlreadyRunning):
        enrolling(origin, tmp_path).enroll(origin.url, "token")

    os.close(held)

    assert enrolling(origin, tmp_path).enroll(origin.url, "token").peer_id == PEER_ID


def test_another_peer_of_the_network_takes_the_place_and_remembers_the_former_interface(
    origin: Origin, tmp_path: Path
) -> None:
    enrolling(origin, tmp_path).enroll(origin.url, "token")
    origin.enrolled, origin.peer_id = None, "dyn_2"

    enrollment = enrolling(origin, tmp_path).enroll(origin.url, "token")

    assert enrollment.former_interfaces == [interface_name(NETWORK_ID, PEER_ID)]
    assert enrollment.interface == interface_name(NETWORK_ID, "dyn_2")


def test_the_command_prints_the_refusal_and_exits_with_1(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["enroll", "--skip-checks", "--server", origin.url, "--token", "wrong", "--state-dir", str(tmp_path)])

    assert code == 1
    assert "because of token_invalid" in capsys.readouterr().err


def test_status_of_a_host_that_never_ran_says_so(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["enroll", "--skip-checks", "--server", origin.url, "--token", "token", "--state-dir", str(tmp_path)])

    assert main(["status", "--state-dir", str(tmp_path)]) == 0

    assert "not running" in capsys.readouterr().out


def test_a_command_without_an_enrolment_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state-dir", str(tmp_path)]) == 1

    assert "enroll first" in capsys.readouterr().err
