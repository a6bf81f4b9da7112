"""Who holds a port of this host, so that a message can name them."""

import contextlib
import errno
import os
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Literal

Protocol = Literal["udp", "tcp"]

PROC = Path("/proc")
SOCKET = re.compile(r"socket:\[(\d+)\]")
LISTENS = {"udp": "07", "tcp": "0A"}  # linux/net/tcp_states.h: TCP_CLOSE, as unconnected UDP shows; TCP_LISTEN
LOCAL, STATE, INODE = 1, 3, 9  # columns of /proc/net/udp and its like


@dataclass(frozen=True, slots=True)
class Holder:
    """`program` None: the kernel itself, or a process whose files are not for this one to see."""

    protocol: Protocol
    address: IPv4Address | IPv6Address
    port: int
    program: str | None = None
    pid: int | None = None

    def __str__(self) -> str:
        shown = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        who = f"{self.program} (pid {self.pid})" if self.program is not None else "another program or the kernel"
        return f"{who} at {self.protocol} {shown}:{self.port}"


def holders(port: int, protocols: Sequence[Protocol] = ("udp", "tcp")) -> Sequence[Holder]:
    """Who listens on a port, on any address of this network namespace."""
    found = [(inode, holder) for protocol in protocols for inode, holder in _listening(protocol, port)]
    programs = _programs({inode for inode, _ in found}) if found else {}
    seen = [_known(holder, programs.get(inode)) for inode, holder in found]
    return sorted(seen, key=lambda holder: (holder.protocol, str(holder.address), holder.pid or 0))


def taken(error: OSError | str, port: int, protocols: Sequence[Protocol] = ("udp", "tcp")) -> str:
    """For the end of a message: who holds the port, where an error says that it is taken; else nothing."""
    text = error if isinstance(error, str) else (error.strerror or "")
    if os.strerror(errno.EADDRINUSE).lower() not in text.lower():
        return ""
    found = "; ".join(map(str, holders(port, protocols)))
    return f": held by {found}" if found else f": ss -lnp sport = :{port} shows by whom"


def _known(holder: Holder, process: tuple[int, str] | None) -> Holder:
    if process is None:
        return holder
    pid, program = process
    return Holder(holder.protocol, holder.address, holder.port, program, pid)


def _listening(protocol: Protocol, port: int) -> Iterable[tuple[str, Holder]]:
    """The sockets that listen, each with its inode."""
    for name in (protocol, f"{protocol}6"):
        try:
            lines = (PROC / "thread-self/net" / name).read_text().splitlines()[1:]
        except OSError:
            continue  # a kernel without IPv6
        for line in lines:
            columns = line.split()
            address, _, number = columns[LOCAL].partition(":")
            if int(number, 16) == port and columns[STATE] == LISTENS[protocol]:
                yield columns[INODE], Holder(protocol, _address(address), port)


def _address(text: str) -> IPv4Address | IPv6Address:
    """Parse an address of /proc/net: words of 32 bits in the host's byte order, in hexadecimal."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    return ip_address(struct.pack(f"={len(words)}I", *words))


def _programs(inodes: set[str]) -> Mapping[str, tuple[int, str]]:
    """Socket inode → pid and name, of the processes that this one may look into."""
    found: dict[str, tuple[int, str]] = {}
    for process in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended, or is somebody else's
            name = (process / "comm").read_text().strip()
            for link in (process / "fd").iterdir():
                match = SOCKET.fullmatch(_target(link))
                if match is not None and match[1] in inodes:
                    found.setdefault(match[1], (int(process.name), name))
    return found


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # it has just been closed
