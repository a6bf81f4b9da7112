"""One machine of a laboratory: its own network, host name and /run."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self

from infra.lab.errors import LabFailed
from infra.lab.outer_namespaces import OuterNamespaces
from infra.lab.process import Process
from infra.lab.topology import NodeSpec
from infra.lab.wireguard import WgInterface, parse_dump

RUN_S = 30.0

# Two nodes whose WireGuard sockets lie in one /run/wireguard configure each other. The machine's resolvers are none of
# a node's: agents route nothing over them.
HOLDER = """
set -e
hostname "$1"
mount -t tmpfs tmpfs /run
[ "$(readlink -f /var/run)" = /run ] || mount --bind /run /var/run
mount -t sysfs sysfs /sys
resolvers=$(readlink -m /etc/resolv.conf)
[ -e "$resolvers" ] || { mkdir -p "${resolvers%/*}" && touch "$resolvers"; }
mount --bind /dev/null "$resolvers"
ip link set lo up
echo up
exec sleep infinity
"""

AHEAD = ("chrt", "--rr", "1")


@cache
def ahead() -> tuple[str, ...]:
    """What a command of a node begins with, so that what else this machine does costs its tunnels no packet.

    Hosts of a laboratory have no processors of their own. A niceness would not do: it orders the processes of one
    session, and an agent, its wireguard-go and a flow are a session each. Nothing where the machine forbids it.

    Source: sched(7), "The autogroup feature".
    """
    return AHEAD if subprocess.run([*AHEAD, "true"], capture_output=True).returncode == 0 else ()


@dataclass(frozen=True, slots=True)
class Node:
    spec: NodeSpec
    holder: Process
    logs: Path
    _started: list[Process] = field(default_factory=list)

    @classmethod
    def make(cls, spec: NodeSpec, outer: OuterNamespaces) -> Self:
        """Start the process that holds the node's namespaces; `wait_up` before use."""
        enter = ["nsenter", "-t", str(outer.pid), "-m", "-n", "-i", "-p"]
        unshare = ["unshare", "--mount", "--net", "--uts", "--propagation", "private"]
        holder = Process.start([*enter, *unshare, "sh", "-c", HOLDER, "node", spec.name])
        return cls(spec, holder, outer.logs)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def root(self) -> Path:
        """The node's file system, seen from outside."""
        return Path(f"/proc/{self.holder.pid}/root")

    def wait_up(self) -> None:
        self.holder.expect("up")

    def run(
        self, *command: str, stdin: str | None = None, env: Mapping[str, str] | None = None, timeout_s: float = RUN_S
    ) -> str:
        """Run a command to its end and return what it printed.

        Args:
            env: instead of the caller's environment.

        Raises:
            LabFailed: it failed or took too long; the message holds what it said.
        """
        try:
            done = self.attempt(*command, stdin=stdin, env=env, timeout_s=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LabFailed(f"{self.name}: {command[0]} took more than {timeout_s} s") from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-1000:]
            raise LabFailed(f"{self.name}: {' '.join(command)}: exit {done.returncode}: {said}")
        return done.stdout

    def attempt(
        self, *command: str, stdin: str | None = None, env: Mapping[str, str] | None = None, timeout_s: float = RUN_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail.

        Raises:
            subprocess.TimeoutExpired
        """
        return subprocess.run(
            self._entering(*command),
            input="" if stdin is None else stdin,
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            start_new_session=True,
        )

    def spawn(self, *command: str, env: Mapping[str, str] | None = None) -> Process:
        """Start a command whose output goes to a log of its own."""
        log = self.logs / f"{self.name}-{len(self._started)}.log"
        return self._start(*command, log=log, env=env)

    def spawn_piped(self, *command: str) -> Process:
        """Start a command whose input and output are pipes to the caller."""
        return self._start(*command)

    def spawn_python(self, script: Path, *arguments: str) -> Process:
        """Start a stand-alone script, piped."""
        return self.spawn_piped(sys.executable, "-I", str(script), *arguments)

    def reaches(self, address: str, timeout_s: int = 2) -> bool:
        """Whether one of three pings is answered."""
        command = ("ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", str(timeout_s), address)
        return self.attempt(*command).returncode == 0

    def wg(self) -> dict[str, WgInterface]:
        """Every WireGuard interface by name."""
        return parse_dump(self.run("wg", "show", "all", "dump"))

    def release(self) -> None:
        """Collect what was started, once the outer namespaces have ended it."""
        for process in (self.holder, *self._started):
            process.release()

    def _start(self, *command: str, log: Path | None = None, env: Mapping[str, str] | None = None) -> Process:
        process = Process.start([*ahead(), *self._entering(*command)], log=log, env=env)
        self._started.append(process)
        return process

    def _entering(self, *command: str) -> list[str]:
        return ["nsenter", "-t", str(self.holder.pid), "-m", "-n", "-u", "-p", *command]
