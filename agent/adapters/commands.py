"""The host's tools (`wg`, `ip`, `nft`), run with a time-out; secrets go in by stdin only."""

import re
import subprocess
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.errors import ToolFailed, ToolMissing

TIMEOUT_S = 15
PIDS = 64
QUOTED = re.compile(r"[`'\"].*?['\"]")


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
        except (OSError, subprocess.TimeoutExpired) as failed:
            raise ToolFailed(f"{argv[0]}: {type(failed).__name__}") from failed
        if done.returncode != 0:
            raise ToolFailed(f"{_name(argv)}: {_last_line(done.stderr) or f'status {done.returncode}'}")
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


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return QUOTED.sub("…", lines[-1])[:200] if lines else ""
