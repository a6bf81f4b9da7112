"""The life of the WireGuard interface: the kernel's, or wireguard-go where it has none.

wireguard-go runs in a session of its own and outlives the agent, so a restart or an upgrade
of the agent loses no packet.
"""

import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from agent.adapters.linux.host import TUN
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed

READY_WITHIN_S = 5.0
GONE_WITHIN_S = 2.0
POLL_S = 0.005
SOCKETS = Path("/var/run/wireguard")
REFUSED_AGAIN_S = 0.2
SIOCETHTOOL, ETHTOOL_GDRVINFO, DRVINFO_BYTES = 0x8946, 0x3, 196  # linux/sockios.h, linux/ethtool.h
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
        """Bring the interface into being, without configuration, in place of one that does not answer.

        Raises:
            ToolFailed: neither the kernel nor wireguard-go made it.
        """
        self.destroy()
        if self.has_kernel is not False and self._create_in_kernel():
            return
        self._create_in_userspace()

    def destroy(self) -> None:
        """Remove the interface; nothing to do is no error."""
        self._end_process()
        if self.exists:
            self.commands.run("ip", "link", "delete", "dev", self.interface)
        self._socket.unlink(missing_ok=True)

    def is_gone(self) -> bool:
        """Whether there is no such interface, or nobody who answers for it.

        A tool that fails is no proof of that: the host may be out of memory or processes for a moment. The
        kernel's own WireGuard answers as long as its interface is there.

        Raises:
            ToolFailed: it cannot be found out now.
        """
        try:
            return not self.exists or (self._is_tun() and self._is_refused())
        except OSError as failed:
            raise ToolFailed(f"the interface {self.interface} cannot be looked at: {failed.strerror}") from failed

    def _is_refused(self) -> bool:
        """Whether nobody listens. Tried twice: a daemon that has just started may not listen yet. Raises OSError."""
        if self._answers():
            return False
        sleep(REFUSED_AGAIN_S)
        return not self._answers()

    @property
    def exists(self) -> bool:
        """Whether this network namespace has such an interface; /sys may show another namespace's."""
        return any(name == self.interface for _, name in socket.if_nameindex())

    def _is_tun(self) -> bool:
        """Whether a process carries the interface; the driver's name says it."""
        answer = array("B", ETHTOOL_GDRVINFO.to_bytes(4, sys.byteorder) + bytes(DRVINFO_BYTES - 4))
        asked = struct.pack("16sP", self.interface.encode(), answer.buffer_info()[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                fcntl.ioctl(probe, SIOCETHTOOL, asked)
            except OSError as refused:
                if refused.errno in (errno.EOPNOTSUPP, errno.ENODEV):
                    return False  # a driver that says nothing, as WireGuard's does in older kernels
                raise
        return answer.tobytes()[4:36].rstrip(b"\0") == b"tun"

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
            raise ToolFailed("this kernel has no WireGuard and wireguard-go is not installed: install it") from missing
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
                raise ToolFailed(self._why_it_ended(child.returncode))
            if monotonic() > deadline:
                raise ToolFailed("wireguard-go does not answer")
            sleep(POLL_S)
        logger.info("wireguard_go_started", extra={"interface": self.interface, "pid": child.pid})

    def _why_it_ended(self, status: int) -> str:
        if not TUN.exists():
            return (
                "this kernel has no WireGuard, and wireguard-go needs /dev/net/tun: load the module tun, or pass the"
                " device in"
            )
        return f"wireguard-go ended with status {status}: can {TUN} be opened here?"

    def _answers(self) -> bool:
        """Whether somebody listens; a socket that is full for a moment has somebody too.

        Raises:
            OSError: it cannot be asked now.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._socket))
            except (ConnectionRefusedError, FileNotFoundError):
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
