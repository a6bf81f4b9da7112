"""What the agent says of its machine, and whether it may make tunnels there."""

import os
import platform
import socket
from pathlib import Path

from agent import __version__
from chalicelib.wire.peers import Host

CAP_NET_ADMIN = 12  # linux/capability.h
TUN = Path("/dev/net/tun")


class LinuxHost:
    def host(self) -> Host:
        return Host(hostname=socket.gethostname(), os=_os_name(), agent_version=__version__)


def missing_rights() -> str | None:
    """What `run` lacks, in words; None: nothing."""
    if not has_net_admin():
        return "run needs root, or the capability CAP_NET_ADMIN: it makes a network interface"
    if not TUN.exists() and not Path("/sys/module/wireguard").exists():
        return "run needs /dev/net/tun, or a kernel with WireGuard: load the module tun, or pass the device in"
    return None


def has_net_admin() -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> CAP_NET_ADMIN & 1)
    return os.geteuid() == 0


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
