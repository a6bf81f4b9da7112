"""The outer namespaces of a laboratory, which vanish with the process that made them.

Their pid 1 reads a pipe from the maker and ends with it, also when the maker is
killed; the kernel then kills everything else inside.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra.lab.errors import LabFailed
from infra.lab.process import Process

IP_S = 10.0
CLOSE_S = 10.0
LOGS = "/run/log"

FLAGS = "--mount --net --pid --ipc --fork --kill-child --mount-proc --propagation private"

# Orphans fall to pid 1, which ignores SIGCHLD so that the kernel reaps them. (A shell cannot: dash
# catches the signal all the same, and its `read` then ends.)
PID_1 = f"mount -t tmpfs tmpfs /run && mkdir {LOGS} && echo up && exec env --ignore-signal=CHLD cat > /dev/null"


@dataclass(frozen=True, slots=True)
class OuterNamespaces:
    """Mount, network, pid and IPC namespaces. The network holds the switches between the nodes."""

    pid_1: Process

    @classmethod
    def make(cls) -> Self:
        """Raises LabFailed where the kernel refuses."""
        pid_1 = Process.start(["unshare", *FLAGS.split(), "sh", "-c", PID_1])
        pid_1.expect("up")
        return cls(pid_1)

    @property
    def pid(self) -> int:
        return self.pid_1.pid

    @property
    def logs(self) -> Path:
        """A directory inside, gone with it."""
        return Path(f"/proc/{self.pid}/root{LOGS}")

    def ip(self, *lines: str) -> None:
        """Run `ip` commands among the switches; pids in them are the caller's."""
        command = ["nsenter", "-t", str(self.pid), "-n", "ip", "-batch", "-"]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=IP_S)
        if done.returncode:
            raise LabFailed(done.stderr.strip())

    def start_outside(self, command: Sequence[str]) -> Process:
        """Start a command in the maker's own network that ends with these namespaces nevertheless."""
        return Process.start(["nsenter", "-t", str(self.pid), "-p", *command])

    def close(self) -> None:
        """End everything inside."""
        self.pid_1.close_input()
        try:
            self.pid_1.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self.pid_1.entry.kill()  # unshare takes pid 1 with it
        self.pid_1.release()
