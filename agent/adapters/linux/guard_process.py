"""The process that outlives the agent: it sleeps through a bundle's trial, and then stands in for an agent that ended.

It costs a shell and a sleep. In a container that ends with its agent it ends too, and the next
start goes on with the trial.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.adapters.files.processes import command_line
from agent.errors import ToolFailed

SLEEP_THEN = 'sleep "$0"; exec "$@"'
GONE_WITHIN_S = 2.0


@dataclass(slots=True)
class GuardProcess:
    """`command`: what stands in. `pid_file` finds it again after the agent's end; `lock`: what `feed` touches.
    `is_mute`: it holds no output of its caller's open, who may wait for the end of it."""

    command: Sequence[str]
    delay_s: float
    pid_file: Path
    lock: Path
    is_mute: bool = False
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def arm(self) -> None:
        if self._pid() is not None:
            return  # of a trial that goes on: an agent that crashes in a loop does not put it off
        try:
            self._child = subprocess.Popen(
                ["sh", "-c", SLEEP_THEN, f"{self.delay_s:.0f}", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if self.is_mute else None,
                start_new_session=True,
            )
            self.pid_file.write_text(str(self._child.pid))
        except OSError as refused:
            raise ToolFailed(f"no guard for the trial: {refused.strerror}") from refused

    def feed(self) -> None:
        with contextlib.suppress(OSError):
            os.utime(self.lock)

    def disarm(self) -> None:
        pid = self._pid()
        if pid is not None and pid != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # the shell and its sleep: a session of their own
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(GONE_WITHIN_S)
            self._child = None
        with contextlib.suppress(OSError):
            self.pid_file.unlink(missing_ok=True)

    def _pid(self) -> int | None:
        """The guard's pid; None: the process of the pid on file has ended, or is another program."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        try:
            pid = int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None
        words = command_line(pid)
        return pid if words[-len(self.command) :] == list(self.command) else None
