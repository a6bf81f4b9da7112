"""The host's tools (`wg`, `ip`, `nft`), run with a time-out; secrets go in by stdin only."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import ToolFailed, ToolMissing

TIMEOUT_S = 15
QUOTED = re.compile(r"[`'\"].*?['\"]")


@dataclass(frozen=True, slots=True)
class Commands:
    timeout_s: float = TIMEOUT_S

    def run(self, *argv: str, stdin: str = "") -> str:
        """Run one command and answer its output.

        Raises:
            ToolFailed: not installed, no answer in time, or a status other than 0. What the
                tool quotes is left out: `wg` quotes the key it cannot parse.
        """
        try:
            done = subprocess.run(
                argv, input=stdin, capture_output=True, text=True, timeout=self.timeout_s, check=False
            )
        except FileNotFoundError as missing:
            raise ToolMissing(f"{argv[0]} is not installed") from missing
        except subprocess.TimeoutExpired as late:
            raise ToolFailed(f"{_name(argv)}: no end within {self.timeout_s:g} s") from late
        except OSError as failed:
            raise ToolFailed(f"{argv[0]} cannot be run: {failed.strerror}") from failed
        if done.returncode != 0:
            raise ToolFailed(f"{_name(argv)}: {_last_line(done.stderr) or f'status {done.returncode}'}")
        return done.stdout


def _name(argv: Sequence[str]) -> str:
    return " ".join(argv[:2])


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return QUOTED.sub("…", lines[-1])[:200] if lines else ""
