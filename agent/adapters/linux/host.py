"""What the agent says of its machine, and whether it may make tunnels there."""

import os
import platform
import socket
from pathlib import Path

from agent import __version__
from agent.errors import RightsMissing
from agent.identity.enrollment import INTERFACE_PREFIX
from chalicelib.wire.peers import Host

CAP_NET_ADMIN, CAP_NET_RAW = 12, 13  # linux/capability.h
# Of the network this thread is in: the main table, a route a line.
IPV4_ROUTES = Path("/proc/thread-self/net/route")
IPV6_ROUTES = Path("/proc/thread-self/net/ipv6_route")
DEFAULT_V4 = (1, "00000000", 7, "00000000")  # column and value of destination, and of mask
DEFAULT_V6 = (0, "0" * 32, 1, "00")  # the same of destination, and of prefix length
TUN = Path("/dev/net/tun")
NO_WAY_OUT = ("lo", INTERFACE_PREFIX)


class LinuxHost:
    def host(self) -> Host:
        return Host(hostname=socket.gethostname(), os=_os_name(), agent_version=__version__)

    def has_default_route(self) -> bool:
        return _has_default(IPV4_ROUTES, DEFAULT_V4, device=0) or _has_default(IPV6_ROUTES, DEFAULT_V6, device=-1)


def is_there(interface: str) -> bool:
    return any(name == interface for _, name in socket.if_nameindex())


def need_rights(command: str) -> None:
    """Raises RightsMissing: what the command lacks."""
    if (missing := missing_rights()) is not None:
        raise RightsMissing(f"{command} needs {missing}")


def missing_rights() -> str | None:
    """What making a tunnel needs and this process lacks; None: nothing.

    Whether the kernel has WireGuard shows when it is asked for it: a module may be there to load though no file of
    this container says so.
    """
    if not has_capability(CAP_NET_ADMIN):
        return "root, or the capability CAP_NET_ADMIN: it makes a network interface"
    return None


def _has_default(routes: Path, default: tuple[int, str, int, str], device: int) -> bool:
    first, destination, second, length = default
    try:
        rows = [line.split() for line in routes.read_text().splitlines()]
    except OSError:
        return False
    return any(
        len(row) > second
        and (row[first], row[second]) == (destination, length)
        and not row[device].startswith(NO_WAY_OUT)
        for row in rows
    )


def has_capability(number: int) -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return os.geteuid() == 0


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
