"""One command running inside a laboratory, seen and signalled from outside."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from infra.lab.errors import LabFailed

START_S = 10.0
END_S = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    """A command behind `nsenter` or `unshare`, which fork and pass no signal on."""

    entry: subprocess.Popen[str]
    log: Path | None = None

    @classmethod
    def start(cls, command: Sequence[str], *, log: Path | None = None, env: Mapping[str, str] | None = None) -> Self:
        """Start a command with a pipe to its standard input.

        Args:
            log: where its output goes, appended; None: a pipe, standard error included.
            env: instead of the caller's environment.
        """
        output: int | IO[str] = subprocess.PIPE if log is None else log.open("a")
        try:
            entry = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                env=env,
                start_new_session=True,  # an interrupt at the terminal is for the maker alone
            )
        finally:
            if not isinstance(output, int):
                output.close()
        return cls(entry, log)

    @property
    def pid(self) -> int:
        """The command's own pid, in the pid namespace of the caller.

        Raises:
            ProcessLookupError: it has ended, or did not start.
        """
        children = Path(f"/proc/{self.entry.pid}/task/{self.entry.pid}/children")
        end = time.monotonic() + START_S
        while self.is_running and time.monotonic() < end:
            if pids := children.read_text().split():
                return int(pids[0])
            time.sleep(0.001)
        raise ProcessLookupError(f"not running: {self.entry.args!r}")

    @property
    def is_running(self) -> bool:
        return self.entry.poll() is None

    def expect(self, line: str) -> None:
        """Read the line by which a command that has just been started says that it is up.

        Raises:
            LabFailed: it said something else, or ended.
        """
        assert self.entry.stdout is not None
        if (said := self.entry.stdout.readline()).strip() != line:
            self.kill()
            raise LabFailed(f"{said}{self.entry.stdout.read()}".strip())

    def wait(self, timeout_s: float) -> int:
        """Wait for the exit code (negative: the signal that ended it).

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self.entry.wait(timeout_s)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = END_S) -> int:
        """Ask it to end, and kill it where it does not in time. Returns the exit code."""
        try:
            os.kill(self.pid, number)
            return self.wait(timeout_s)
        except ProcessLookupError:
            return self.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        return self.wait(END_S)

    def close_input(self) -> None:
        assert self.entry.stdin is not None
        self.entry.stdin.close()

    def release(self) -> None:
        """Close the pipes and collect a command that something else has ended."""
        for pipe in (self.entry.stdin, self.entry.stdout):
            if pipe is not None:
                pipe.close()
        self.wait(END_S)

    def tail(self, lines: int = 30) -> str:
        """The last lines of its log."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
