"""What commands print, and with which code they end."""

import json
import re
from pathlib import Path

import pytest

from agent import errors
from agent.__main__ import main
from agent.commands.answers import exit_code
from agent.errors import AgentError, Ended, Outage, PlatformUnsupported, SettingsInvalid, StateUnusable

KINDS = {
    "already_running",
    "bundle_refused",
    "control_plane_away",
    "delta_refused",
    "enrollment_refused",
    "failed",
    "host_unready",
    "identity_unusable",
    "key_refused",
    "leave_refused",
    "not_in_time",
    "not_enrolled",
    "peer_deleted",
    "peer_unknown",
    "platform_unsupported",
    "rights_missing",
    "signature_invalid",
    "state_unusable",
    "taken_down",
    "tool_failed",
    "tool_missing",
    "usage",
}


def every_error() -> list[type[AgentError]]:
    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, AgentError)]


def test_the_codes_of_errors_stay_as_scripts_know_them() -> None:
    assert {one.kind for one in every_error()} == KINDS


@pytest.mark.parametrize(
    ("failed", "code"),
    [(SettingsInvalid(""), 2), (Ended(""), 3), (Outage(""), 4), (PlatformUnsupported(""), 5), (StateUnusable(""), 1)],
)
def test_an_error_has_an_exit_code(failed: AgentError, code: int) -> None:
    assert exit_code(failed) == code


def test_with_json_an_error_is_one_object_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["status", "--json", "--state-dir", str(tmp_path)])

    said = capsys.readouterr()
    error = json.loads(said.err)["error"]
    assert (code, said.out, error["code"]) == (1, "", "not_enrolled")
    assert "enroll first" in error["message"]


def test_wrong_usage_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["run", "--key-days", "--json"])

    said = capsys.readouterr()
    assert code == 2
    assert json.loads(said.err)["error"]["code"] == "usage"


def test_without_json_an_error_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["status", "--state-dir", str(tmp_path)])

    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert said.err.startswith("wirety-agent: no enrolment")


def test_an_old_name_in_the_environment_is_told_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path))

    main(["status"])

    warning, error = capsys.readouterr().err.splitlines()
    assert "STATE_DIR is called WIRETY_STATE_DIR" in warning
    assert str(tmp_path) in error


def test_what_a_server_says_cannot_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "--state-dir", str(tmp_path / "a\x1b[2Jb\u202e")])

    assert "a\\x1b[2Jb\\u202e" in capsys.readouterr().err


def test_no_message_is_made_of_the_name_of_a_class() -> None:
    root = Path(__file__).parents[3] / "agent"
    found = [
        f"{path.name}:{number}"
        for path in root.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"__name__", line) and "getLogger" not in line and "__main__" not in line
        if "extra=" not in line
    ]

    assert found == []
