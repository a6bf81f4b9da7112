"""The host's tools (`wg`, `ip`, `nft`), run with a time-out; secrets go in by stdin only."""

import re
import subprocess
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.errors import ToolFailed, ToolMissing

TIMEOUT_S = 15
PIDS = 64
REASON_CHARS = 200
QUOTED = re.compile(r"[`'\"].*?(?:['\"]|$)")
STOPPED = re.compile(r"^Command failed \S*:(\d+)$", re.MULTILINE)  # `ip -batch`, after what went wrong
ASIDE = ("Command failed", "Warning")


@dataclass(frozen=True, slots=True)
class Commands:
    """`pids`: of the tools that ran last, by which the kernel names who changed something."""

    timeout_s: float = TIMEOUT_S
    pids: deque[int] = field(default_factory=lambda: deque(maxlen=PIDS), compare=False, repr=False)

    def run(self, *argv: str, stdin: str = "") -> str:
        """Run one command and answer its output.

        Raises:
            ToolFailed: not installed, no answer in time, or a status other than 0. What the
                tool quotes is left out: `wg` quotes the key it cannot parse.
        """
        try:
            done = self._done(argv, stdin)
        except FileNotFoundError as missing:
            raise ToolMissing(f"{argv[0]} is not installed") from missing
        except subprocess.TimeoutExpired as late:
            raise ToolFailed(f"{_name(argv)}: no end within {self.timeout_s:g} s") from late
        except OSError as failed:
            raise ToolFailed(f"{argv[0]} cannot be run: {failed.strerror}") from failed
        if done.returncode != 0:
            reason = _reason(done.stderr) or f"status {done.returncode}"
            stopped = STOPPED.search(done.stderr)
            raise ToolFailed(f"{_name(argv)}: {reason}", at_line=int(stopped[1]) if stopped is not None else None)
        return done.stdout

    def has_run(self, pid: int) -> bool:
        """Whether it is the pid of one of the tools that ran last."""
        return pid in self.pids

    def _done(self, argv: Sequence[str], stdin: str) -> "subprocess.CompletedProcess[str]":
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
            self.pids.append(child.pid)
            try:
                said, complained = child.communicate(stdin, self.timeout_s)
            except BaseException:
                child.kill()
                raise
        return subprocess.CompletedProcess(argv, child.returncode, said, complained)


def _name(argv: Sequence[str]) -> str:
    return " ".join(argv[:2])


def _reason(text: str) -> str:
    """The line that says what went wrong: `nft` marks the place in the lines after it, `ip` and `wg` say last
    that they stopped."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error:" in line]
    others = [line for line in lines if not line.startswith(ASIDE)]
    return QUOTED.sub("…", (errors or others or lines or [""])[0])[:REASON_CHARS]
