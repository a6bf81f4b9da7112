"""`join`: once however often it is run, and what a person is told."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.adapters.files.state_dir import StateDir
from chalicelib.wire.bundle import Tombstone
from tests.agent.builders import NETWORK_ID, PEER_ID
from tests.agent.origin import Origin

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = f"wirety_join.{NETWORK_ID}:key_1.secret"


@pytest.fixture
def origin() -> Origin:
    return Origin(network_id=NETWORK_ID, peer_id=PEER_ID, token=KEY)


def join(origin: Origin, state: Path, *more: str) -> int:
    return main(
        ["join", "--server", origin.url, "--key", KEY, "--state-dir", str(state), "--skip-checks", "--json", *more]
    )


def test_a_host_joins_once_however_often_it_starts(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with origin:
        codes = [join(origin, tmp_path) for _ in range(3)]

    first, *again = map(json.loads, capsys.readouterr().out.splitlines())
    [asked] = origin.joined
    assert codes == [0, 0, 0]
    assert (first["peer_id"], first["was_peer"], first["awaits_approval"]) == (PEER_ID, False, False)
    assert [(one["peer_id"], one["was_peer"]) for one in again] == [(PEER_ID, True)] * 2
    assert asked.host.hostname
    assert StateDir(tmp_path).of_network(NETWORK_ID).enrolled().peer_id == PEER_ID


def test_a_host_whose_answer_was_lost_asks_again_with_the_same_keys(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with origin:
        origin.fails_with = 503
        failed = join(origin, tmp_path)
        told = json.loads(capsys.readouterr().err)["error"]
        pending = [path.read_bytes() for path in (tmp_path / "pending").iterdir()]
        origin.fails_with = None
        done = join(origin, tmp_path)

    assert (failed, done) == (4, 0)
    assert told["code"] == "control_plane_away"
    assert "run the same command again" in told["message"]
    assert len(pending) == 1
    assert json.loads(pending[0])["private_key"] == (
        StateDir(tmp_path).of_network(NETWORK_ID).enrolled().keys.private_key
    )


def test_a_key_that_is_refused_leaves_nothing_behind(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin.token = "another"
    with origin:
        code = join(origin, tmp_path)

    told = capsys.readouterr().err
    assert (code, json.loads(told)["error"]["code"]) == (1, "enrollment_refused")
    assert list((tmp_path / "pending").iterdir()) == []
    assert "secret" not in told


def test_a_host_that_has_to_be_approved_is_told_so(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.awaits_approval = True
    with origin:
        words = ["join", "--server", origin.url, "--state-dir", str(tmp_path), "--skip-checks"]
        monkeypatch.setenv("WIRETY_JOIN_KEY", KEY)
        assert main(words) == 0

    assert "once somebody has approved it" in capsys.readouterr().out


def test_a_host_whose_peer_was_deleted_joins_anew(origin: Origin, tmp_path: Path) -> None:
    with origin:
        join(origin, tmp_path)
        ended = Tombstone(generation=0, revision=9, network_id=NETWORK_ID, peer_id=PEER_ID, deleted_at=AT)
        StateDir(tmp_path).of_network(NETWORK_ID).save_tombstone(ended)
        origin.peer_id = "dyn_2"

        assert join(origin, tmp_path) == 0

    first, second = origin.joined
    assert first.device_key != second.device_key
    assert StateDir(tmp_path).of_network(NETWORK_ID).enrolled().peer_id == "dyn_2"
