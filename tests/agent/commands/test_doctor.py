"""What `doctor` examines and says, of a host as it is."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.adapters import examination
from agent.adapters.files.state_dir import StateDir
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_private_key, received
from tests.agent.origin import Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(network_id=NETWORK_ID, peer_id=PEER_ID, bundle=a_bundle()) as made:
        yield made


@pytest.mark.parametrize(
    ("root_mode", "directory_mode", "file_mode", "is_open"),
    [
        (0o700, 0o755, 0o644, False),
        (0o755, 0o700, 0o644, False),
        (0o755, 0o755, 0o600, False),
        (0o755, 0o755, 0o640, True),
        (0o770, 0o700, 0o600, True),  # others may put another directory there
    ],
)
def test_a_key_is_open_when_the_way_to_it_is(
    tmp_path: Path, root_mode: int, directory_mode: int, file_mode: int, is_open: bool
) -> None:
    directory = tmp_path / "state" / NETWORK_ID
    directory.mkdir(parents=True)
    (directory / "enrollment.json").write_text("{}")
    for path, mode in ((directory / "enrollment.json", file_mode), (directory, directory_mode)):
        path.chmod(mode)
    directory.parent.chmod(root_mode)

    assert bool(examination.open_paths(directory.parent)) == is_open


def test_a_host_that_is_not_enrolled_is_examined_too(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor", "--server", origin.url, "--state-dir", str(tmp_path / "none"), "--json"])

    report = json.loads(capsys.readouterr().out)
    found = {finding["check"]: finding["level"] for finding in report["findings"]}
    assert (found["enrollment"], found["control_plane"], found["socket"], found["clock"]) == ("warn", "ok", "ok", "ok")


def test_an_enrolled_host_is_examined_to_its_endpoints_and_no_secret_is_said(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psk = a_private_key("psk")
    main(["enroll", "--skip-checks", "--server", origin.url, "--token", "token", "--state-dir", str(tmp_path)])
    directory = StateDir(tmp_path).of_network(NETWORK_ID)
    hub = a_peer("hub", endpoint="127.0.0.1:51820", preshared_key=psk)
    lost = a_peer("lost", [], endpoint="no-such-host.invalid:51820")
    directory.save_bundle([received(a_bundle(peers=[hub, lost]))])
    capsys.readouterr()

    code = main(["doctor", "--state-dir", str(tmp_path)])

    said = capsys.readouterr().out
    enrollment = directory.enrollment()
    assert code == 1
    assert f"enrolled in {NETWORK_ID}" in said
    assert "ok    mtu               the path to peer_hub at 127.0.0.1" in said
    assert "fail  dns               the endpoint of peer_lost no-such-host.invalid has no address" in said
    assert "warn  agent             the agent does not run" in said
    assert enrollment is not None
    assert not any(secret in said for secret in (psk, enrollment.keys.private_key, enrollment.keys.device_key))


def test_a_damaged_enrolment_fails_and_the_rest_is_examined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / NETWORK_ID).mkdir(mode=0o700)
    (tmp_path / NETWORK_ID / "enrollment.json").write_text("{")
    tmp_path.chmod(0o700)

    assert main(["doctor", "--state-dir", str(tmp_path)]) == 1

    said = capsys.readouterr().out
    assert "fail  enrollment" in said
    assert "wireguard" in said


def test_old_names_of_variables_are_found(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setenv("TOKEN", "of somebody else")

    main(["doctor", "--server", origin.url, "--state-dir", str(tmp_path / "none")])

    said = capsys.readouterr().out
    assert "LOG_FORMAT is called WIRETY_LOG_FORMAT now" in said
    assert "TOKEN is" not in said
