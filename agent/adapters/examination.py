"""Gathers what `doctor` judges: tools, rights, paths, names, the control plane. Changes nothing."""

import contextlib
import gzip
import os
import platform
import shutil
import socket
import stat
from collections.abc import Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from time import sleep, time

import websocket

from agent.adapters.control_plane.http import Unanswered, ask, pool
from agent.adapters.control_plane.tls_examination import examined
from agent.adapters.linux.forwarding import Forwarding
from agent.adapters.linux.host import CAP_NET_ADMIN, CAP_NET_RAW, TUN, has_capability
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.port_holders import Protocol, holders
from agent.adapters.linux.resolution import resolve
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.wireguard_watch import seen_now
from agent.errors import SettingsInvalid, ToolFailed, ToolMissing
from agent.host.diagnosis import host, paths
from agent.host.firewall.nftables import Table, replacing
from agent.host.tunnel.wanted import Endpoint
from agent.settings import socket_url

TIMEOUT_S = 5.0
HEALTH = "/api/v1/health"
VERSIONS = {"wg": ("wg", "--version"), "ip": ("ip", "-V"), "nft": ("nft", "--version")}
DISCARD_PORT = 9  # RFC 863
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14  # linux/in.h
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24  # linux/in6.h
UDP_HEADERS_BYTES = {4: 28, 6: 48}
ICMP_WITHIN_S = 0.3


def kernel() -> host.Kernel:
    return host.Kernel(
        has_wireguard=_has_module(),
        has_wireguard_go=shutil.which("wireguard-go") is not None,
        has_net_admin=has_capability(CAP_NET_ADMIN),
        has_net_raw=has_capability(CAP_NET_RAW),
        tun=_opens(TUN) if TUN.exists() else None,
    )


def version(tool: str) -> str | None:
    """What the tool says of itself, on one line; None: it is not there."""
    try:
        return Commands(TIMEOUT_S).run(*VERSIONS[tool]).strip().splitlines()[0]
    except (ToolFailed, IndexError):
        return None


def release() -> str:
    return platform.release()


def refusal(table: Table) -> str | None:
    """Why nft or the kernel would not take a table; None: they would. Nothing is loaded.

    Raises:
        ToolMissing: nft is not installed.
    """
    try:
        Commands(TIMEOUT_S).run("nft", "-c", "-f", "-", stdin=replacing(table))
    except ToolMissing:
        raise
    except ToolFailed as refused:
        return str(refused)
    return None


def handshakes(interface: str, names: Mapping[str, str]) -> Sequence[paths.Handshake]:
    """Of the peers asked for, as WireGuard says. `names`: public key → peer id.

    Raises:
        ToolFailed: no such interface, or no right to look at it.
    """
    now = time()
    return [
        paths.Handshake(
            peer_id=names[seen.public_key],
            endpoint=seen.endpoint,
            age_s=max(0.0, now - seen.handshake_at) if seen.handshake_at else None,
        )
        for seen in seen_now(Commands(TIMEOUT_S), interface)
        if seen.public_key in names
    ]


def held_by_others(port: int, protocols: Sequence[Protocol], own: int | None) -> Sequence[str]:
    """Programs that hold a port, in words: but for WireGuard, and for the agent. `own`: its process id."""
    found = [holder for holder in holders(port, protocols) if holder.program is not None]
    return [str(holder) for holder in found if holder.program != "wireguard-go" and holder.pid != own]


def tls(server: str) -> tuple[str, str | None, str | None] | None:
    """Whose issuers are trusted, what certificate is shown, and why it was refused; None: there is no TLS."""
    try:
        found = examined(server)
    except SettingsInvalid:
        return None  # the call says so
    if found is None:
        return None
    shown = found.certificate
    said = f"{shown.subject}, by {shown.issuer}, until {shown.ends:%Y-%m-%d}" if shown is not None else None
    return found.store, said, found.refused


def forwards(interface: str, has_ipv6: bool) -> bool:
    """Whether the kernel forwards what comes by the tunnel."""
    return not Forwarding(KernelSettings(interface)).is_due((), has_ipv6)


def names(asked: Iterable[tuple[str, str]]) -> Sequence[paths.Name]:
    """Each (what it is, host) with its addresses."""
    return [paths.Name(what, host, _addresses(host)) for what, host in asked]


def path(peer_id: str, endpoint: Endpoint, interface_bytes: int) -> paths.Path | None:
    """The MTU on the way to an endpoint; None: its name has no address."""
    found = resolve([endpoint]).get(endpoint)
    if found is None:
        return None
    address = found.rpartition(":")[0].strip("[]")
    kind = ip_address(address).version
    return paths.Path(peer_id, address, kind, _path_bytes(address, kind), interface_bytes)


def answer(server: str) -> paths.Answer:
    """One GET, and one handshake of a socket without a session."""
    try:
        got = ask(pool(server), "GET", f"{server}{HEALTH}", (TIMEOUT_S, TIMEOUT_S))
    except (Unanswered, SettingsInvalid) as failed:
        return paths.Answer(None, str(failed), None, None)
    offset_s = None
    with contextlib.suppress(KeyError, ValueError):
        offset_s = parsedate_to_datetime(got.headers["Date"]).timestamp() - time()
    return paths.Answer(got.status_code, None, offset_s, _upgrade(server))


def open_paths(root: Path) -> Sequence[str] | None:
    """Files in a directory that others may reach, and directories they may write to; None: it cannot be read."""
    if not os.access(root, os.R_OK | os.X_OK):
        return None
    return [str(one) for one in _reachable(root)]


def _reachable(path: Path) -> Iterable[Path]:
    mode = stat.S_IMODE(path.lstat().st_mode)
    if not path.is_dir():
        if mode & host.PRIVATE:
            yield path
        return
    if mode & host.OTHERS_WRITE:
        yield path
    if mode & host.PRIVATE:
        for inside in sorted(path.iterdir()):
            yield from _reachable(inside)


def _has_module() -> bool:
    """Whether the kernel has WireGuard built in, loaded, or at hand to load."""
    if Path("/sys/module/wireguard").exists():
        return True
    modules = Path("/lib/modules") / platform.release()
    if any("/wireguard.ko" in _text(modules / listed) for listed in ("modules.builtin", "modules.dep")):
        return True
    try:
        config = gzip.decompress(Path("/proc/config.gz").read_bytes())
    except (OSError, EOFError):
        return False
    return b"\nCONFIG_WIREGUARD=y\n" in config


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _opens(device: Path) -> bool:
    try:
        os.close(os.open(device, os.O_RDWR))
    except OSError:
        return False
    return True


def _addresses(host: str) -> tuple[str, ...]:
    found = resolve([Endpoint(host, DISCARD_PORT)]).values()
    return tuple(sorted(one.rpartition(":")[0].strip("[]") for one in found))


def _path_bytes(address: str, kind: int) -> int | None:
    """What the kernel knows after one datagram of the route's full size that may not be fragmented."""
    family = socket.AF_INET if kind == 4 else socket.AF_INET6
    level = socket.IPPROTO_IP if kind == 4 else socket.IPPROTO_IPV6
    discover, asked = (IP_MTU_DISCOVER, IP_MTU) if kind == 4 else (IPV6_MTU_DISCOVER, IPV6_MTU)
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(level, discover, IP_PMTUDISC_DO)
        probe.connect((address, DISCARD_PORT))
        with contextlib.suppress(OSError):
            probe.send(bytes(probe.getsockopt(level, asked) - UDP_HEADERS_BYTES[kind]))
            sleep(ICMP_WITHIN_S)  # a router on the way may say that it is too large
        return probe.getsockopt(level, asked)
    return None


def _upgrade(server: str) -> int | None:
    url = socket_url(server)
    try:
        under = pool(server).way.open(TIMEOUT_S, is_tunnelled=True).sock
        opened = websocket.create_connection(
            url, timeout=TIMEOUT_S, suppress_origin=True, redirect_limit=0, socket=under
        )
    except websocket.WebSocketBadStatusException as refused:
        return refused.status_code
    except (Unanswered, websocket.WebSocketException, OSError):
        return None
    opened.close()
    return 101
