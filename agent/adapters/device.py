"""The life of the WireGuard interface: the kernel's, or wireguard-go where it has none.

wireguard-go runs in a session of its own and outlives the agent, so a restart or an upgrade
of the agent loses no packet.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from agent.adapters.commands import Commands
from agent.errors import ToolFailed

READY_WITHIN_S = 5.0
GONE_WITHIN_S = 2.0
POLL_S = 0.005
SOCKETS = Path("/var/run/wireguard")
NO_KERNEL_SUPPORT = ("unknown device type", "not supported")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Device:
    """`pid_file` remembers the wireguard-go of this interface across agents."""

    commands: Commands
    interface: str
    pid_file: Path
    has_kernel: bool | None = None
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def create(self) -> None:
        """Bring the interface into being, without configuration.

        Raises:
            ToolFailed: neither the kernel nor wireguard-go made it.
        """
        self._end_process()
        if self.has_kernel is not False and self._create_in_kernel():
            return
        self._create_in_userspace()

    def destroy(self) -> None:
        """Remove the interface; nothing to do is no error."""
        if self._exists():
            self.commands.run("ip", "link", "delete", "dev", self.interface)
        self._end_process()
        self._socket.unlink(missing_ok=True)

    def _exists(self) -> bool:
        """Asked of this network namespace; /sys may show another one's."""
        return any(name == self.interface for _, name in socket.if_nameindex())

    @property
    def kind(self) -> str:
        return "userspace" if self._socket.exists() else "kernel"

    @property
    def _socket(self) -> Path:
        return SOCKETS / f"{self.interface}.sock"

    def _create_in_kernel(self) -> bool:
        try:
            self.commands.run("ip", "link", "add", "dev", self.interface, "type", "wireguard")
        except ToolFailed as failed:
            if not any(text in str(failed).lower() for text in NO_KERNEL_SUPPORT):
                raise
            self.has_kernel = False
            return False
        self.has_kernel = True
        return True

    def _create_in_userspace(self) -> None:
        try:
            child = subprocess.Popen(
                ["wireguard-go", "-f", self.interface],
                env={**os.environ, "WG_PROCESS_FOREGROUND": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as missing:
            raise ToolFailed("this kernel has no WireGuard and wireguard-go is not installed") from missing
        self._child = child
        try:
            self.pid_file.write_text(str(child.pid))
        except OSError as refused:
            child.kill()  # nobody would find it again
            child.wait(GONE_WITHIN_S)
            raise ToolFailed(f"{self.pid_file} cannot be written: {refused.strerror}") from refused
        deadline = monotonic() + READY_WITHIN_S
        while not self._answers():
            if child.poll() is not None:
                raise ToolFailed(f"wireguard-go ended with status {child.returncode}: is /dev/net/tun there?")
            if monotonic() > deadline:
                raise ToolFailed("wireguard-go does not answer")
            sleep(POLL_S)
        logger.info("wireguard_go_started", extra={"interface": self.interface, "pid": child.pid})

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._socket))
            except OSError:
                return False
        return True

    def _end_process(self) -> None:
        """End the wireguard-go of this interface, if one still runs, and reap it."""
        pid = self._running_pid()
        if pid is not None:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                _signal(pid, sign)
                if self._is_gone_soon():
                    break
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(GONE_WITHIN_S)
            self._child = None
        self.pid_file.unlink(missing_ok=True)

    def _is_gone_soon(self) -> bool:
        deadline = monotonic() + GONE_WITHIN_S
        while self._running_pid() is not None:
            if monotonic() > deadline:
                return False
            sleep(POLL_S)
        return True

    def _running_pid(self) -> int | None:
        """The pid on file, only while it really is this interface's wireguard-go."""
        if self._child is not None:
            self._child.poll()
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        is_ours = command[0].endswith(b"wireguard-go") and self.interface.encode() in command
        return pid if is_ours else None


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return  # it ended by itself in between
