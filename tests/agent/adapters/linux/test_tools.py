"""What a person reads of a tool that failed."""

from pathlib import Path

import pytest

from agent.adapters.linux.tools import REASON_CHARS, Commands
from agent.errors import ToolFailed, ToolMissing

NFT = "/dev/stdin:4:23-31: Error: Could not resolve protocol name\n meta l4proto x accept\n              ^"
NFT_WARNED = "Warning: this table is managed by others\n" + NFT
IP = "RTNETLINK answers: Permission denied\nCommand failed -:2"
IP_PARSING = 'Error: any valid prefix is expected rather than "10.0.0.0/33".'
WG = "Key is not the correct length or format: `c2VjcmV0'\nConfiguration parsing error"
WG_UNENDED = "Key is not the correct length or format: `c2VjcmV0\nConfiguration parsing error"


def failure(stderr: str, timeout_s: float = 15) -> ToolFailed:
    with pytest.raises(ToolFailed) as failed:
        Commands(timeout_s).run("sh", "-c", 'printf "%s" "$0" >&2; exit 1', stderr)
    return failed.value


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (NFT, "/dev/stdin:4:23-31: Error: Could not resolve protocol name"),
        (NFT_WARNED, "/dev/stdin:4:23-31: Error: Could not resolve protocol name"),
        (IP, "RTNETLINK answers: Permission denied"),
        (IP_PARSING, "Error: any valid prefix is expected rather than …."),
        (WG, "Key is not the correct length or format: …"),
        (WG_UNENDED, "Key is not the correct length or format: …"),
        ("Command failed -:2", "Command failed -:2"),
        ("\n\n", "status 1"),
        ("", "status 1"),
    ],
)
def test_the_line_that_says_what_went_wrong_is_kept(stderr: str, reason: str) -> None:
    assert str(failure(stderr)) == f"sh -c: {reason}"


def test_what_a_tool_says_is_bounded() -> None:
    assert len(str(failure("x" * 10_000))) == len("sh -c: ") + REASON_CHARS


def test_the_line_at_which_a_batch_stopped_is_told() -> None:
    assert (failure(IP).at_line, failure(NFT).at_line) == (2, None)


def test_a_tool_that_does_not_end_is_told_by_its_name_and_the_time() -> None:
    with pytest.raises(ToolFailed, match=r"^sleep 30: no end within 0\.1 s$"):
        Commands(timeout_s=0.1).run("sleep", "30")


def test_a_tool_that_is_missing_or_cannot_be_run_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "tool").touch(0o644)
    with pytest.raises(ToolMissing, match=r"^no-such-tool is not installed$"):
        Commands().run("no-such-tool")
    with pytest.raises(ToolFailed, match=r"/tool cannot be run: Permission denied$"):
        Commands().run(str(tmp_path / "tool"))
