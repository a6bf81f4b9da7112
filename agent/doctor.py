"""What `doctor` says of a host: facts judged into findings, each with what to do; pure.

Facts are gathered by adapters/examination; None among them means that it could not be found out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

Level = Literal["ok", "warn", "fail"]

OVERHEAD_BYTES = {4: 60, 6: 80}  # outer IP header, UDP, WireGuard's own 32
CLOCK_WARN_S = 30.0
CLOCK_FAIL_S = 24 * 3600.0  # TLS certificates and handshakes dated in the future begin to matter
PRIVATE = 0o077  # bits that let others in
OTHERS_WRITE = 0o022
OLDEST_NFT = (0, 9, 4)  # concatenated sets, which the firewall is made of


class Finding(msgspec.Struct, frozen=True):
    check: str
    level: Level
    text: str


class Report(msgspec.Struct, frozen=True):
    """`is_healthy`: nothing failed."""

    is_healthy: bool
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Kernel:
    """`tun`: whether /dev/net/tun can be opened, None: there is none."""

    has_wireguard: bool
    has_wireguard_go: bool
    has_net_admin: bool
    has_net_raw: bool
    tun: bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """One host name or address that has to be found. `addresses` empty: no answer in time."""

    what: str
    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """To one endpoint. `bytes`: the kernel's MTU of the path after a datagram that may not be
    fragmented; `interface_bytes`: what the tunnel is set to."""

    peer_id: str
    address: str
    version: int
    bytes: int | None
    interface_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Of the control plane. `error`: why there was none. `clock_offset_s`: its clock less ours. `upgrade`: the status
    that the socket's handshake got without a session, None: no answer."""

    status: int | None
    error: str | None
    clock_offset_s: float | None
    upgrade: int | None


def wireguard(kernel: Kernel) -> Iterable[Finding]:
    if kernel.has_wireguard:
        yield Finding("wireguard", "ok", "the kernel has WireGuard")
    elif not kernel.has_wireguard_go:
        yield Finding(
            "wireguard",
            "fail",
            "neither the kernel nor a program has WireGuard: install wireguard-go, or a kernel with it",
        )
    elif kernel.tun:
        yield Finding("wireguard", "ok", "the kernel has no WireGuard; wireguard-go does it in userspace, at more CPU")
    else:
        lacks = "cannot be opened: run as root" if kernel.tun is False else "is missing: load the module tun"
        yield Finding("wireguard", "fail", f"wireguard-go needs /dev/net/tun, which {lacks}, or pass the device in")
    if kernel.has_net_admin:
        yield Finding("rights", "ok", "CAP_NET_ADMIN is there")
    else:
        yield Finding("rights", "fail", "CAP_NET_ADMIN is missing: run as root, or by the systemd unit")
    if not kernel.has_net_raw:
        yield Finding("rights", "warn", "CAP_NET_RAW is missing, so a dead jump is not noticed: grant it to the agent")


def tool(name: str, version: str | None, is_needed: bool) -> Finding:
    """`version`: as the tool prints it, None: it is not installed."""
    packages = {"wg": "wireguard-tools", "ip": "iproute2", "nft": "nftables"}
    if version is None:
        level: Level = "fail" if is_needed else "warn"
        why = "" if is_needed else "; a jump and full encapsulation need it"
        return Finding(f"tool_{name}", level, f"{name} is not installed: install {packages[name]}{why}")
    if name == "nft" and len(found := version_of(version)) > 0 and found < OLDEST_NFT:
        return Finding(
            "tool_nft", "warn", f"{version} is older than 0.9.4: the firewall may not load; upgrade nftables"
        )
    return Finding(f"tool_{name}", "ok", version)


def version_of(text: str) -> tuple[int, ...]:
    """The first dotted number in a text; empty: there is none."""
    for word in text.replace("-", " ").split():
        parts = word.lstrip("v").split(".")
        if len(parts) > 1 and all(part.isdigit() for part in parts):
            return tuple(map(int, parts))
    return ()


def forwarding(is_jump: bool, is_enabled: bool | None, is_running: bool) -> Iterable[Finding]:
    if not is_jump:
        return
    if is_enabled:
        yield Finding("forwarding", "ok", "the kernel forwards, as a jump must")
    elif is_running:
        yield Finding(
            "forwarding", "fail", "this is a jump and the kernel does not forward: is /proc/sys writable here?"
        )
    else:
        yield Finding("forwarding", "warn", "the kernel does not forward yet: the agent enables it when it runs")


def foreign_firewalls(sentences: Sequence[str] | None) -> Iterable[Finding]:
    """One sentence for each table of others that drops what a jump forwards."""
    if sentences is None:
        yield Finding("foreign_firewall", "warn", "other firewalls of this host cannot be read: run doctor as root")
    elif not sentences:
        yield Finding("foreign_firewall", "ok", "no other firewall of this host drops what is forwarded")
    for sentence in sentences or ():
        yield Finding("foreign_firewall", "warn", sentence)


def input_firewalls(sentences: Sequence[str] | None) -> Iterable[Finding]:
    """One sentence for each table of others by which peers do not reach a jump."""
    if sentences == []:
        yield Finding("input_firewall", "ok", "no other firewall of this host drops what peers send to it")
    for sentence in sentences or ():
        yield Finding("input_firewall", "warn", sentence)


def mtu(path: Path) -> Finding:
    if path.bytes is None:
        return Finding("mtu", "warn", f"{path.peer_id} at {path.address}: there is no route there, so no MTU is known")
    room = path.bytes - OVERHEAD_BYTES[path.version]
    known = f"the path to {path.peer_id} at {path.address} takes {path.bytes} bytes (kernel's path MTU)"
    if room >= path.interface_bytes:
        return Finding(
            "mtu", "ok", f"{known}, the tunnel's {path.interface_bytes} fit (kernel's path MTU, one DF datagram)"
        )
    return Finding(
        "mtu",
        "warn",
        f"{known}, which is too little for the tunnel's {path.interface_bytes}: set this peer's MTU to {room} or less",
    )


def name(found: Name) -> Finding:
    if found.addresses:
        return Finding("dns", "ok", f"{found.what} {found.host} is {', '.join(found.addresses)}")
    return Finding("dns", "fail", f"{found.what} {found.host} has no address: check this host's resolver and the name")


def control_plane(server: str, answer: Answer) -> Iterable[Finding]:
    """Reachability by REST and by socket, and the clock that its answer shows."""
    if answer.status is None:
        yield Finding(
            "control_plane", "fail", f"{server} gives no answer ({answer.error}): check route, proxy and firewall"
        )
        return
    if answer.status != 200:
        text = f"{server} answers {answer.status} to /api/v1/health: is this the deployment's origin?"
        yield Finding("control_plane", "fail", text)
    else:
        yield Finding("control_plane", "ok", f"{server} answers")
        yield _socket(server, answer.upgrade)
    yield _clock(answer.clock_offset_s)


def conflicts(sentences: Sequence[str]) -> Iterable[Finding]:
    """One sentence for each prefix of the tunnel that is left to the host's own network."""
    if not sentences:
        yield Finding("routes", "ok", "no prefix of the tunnel takes this host's own network")
    for sentence in sentences:
        yield Finding("routes", "warn", f"not routed into the tunnel: {sentence}")


def enrollments(here: str | None, all_ids: Sequence[str], ports: Sequence[int]) -> Iterable[Finding]:
    """`here`: the one examined. `ports`: what the enrolments of this host ask to listen on."""
    if here is None and not all_ids:
        yield Finding("enrollment", "warn", "this host is not enrolled: run wirety-agent enroll")
        return
    if here is None:
        text = f"several enrolments ({', '.join(all_ids)}): choose one by --network to have it examined"
        yield Finding("enrollment", "warn", text)
    else:
        others = [network_id for network_id in all_ids if network_id != here]
        text = f"enrolled in {here}" + (f", beside {', '.join(others)}" if others else "")
        yield Finding("enrollment", "ok", text)
    doubled = sorted({port for port in ports if ports.count(port) > 1})
    if doubled:
        text = (
            f"two enrolments of this host listen on port {', '.join(map(str, doubled))}: give one another listen port"
        )
        yield Finding("listen_port", "fail", text)


def state_dir(path: str, exists: bool, open_paths: Sequence[str] | None) -> Finding:
    """`open_paths`: what others than the owner may read; None: it could not be looked at."""
    if not exists:
        return Finding("state_dir", "ok", f"{path} is not there yet: enroll makes it")
    if open_paths is None:
        return Finding("state_dir", "fail", f"{path} cannot be read: run doctor as its owner, most likely root")
    if open_paths:
        shown = ", ".join(open_paths[:3])
        return Finding(
            "state_dir", "fail", f"others may read {shown}: chmod -R go= {path}; its keys may be known, enrol anew"
        )
    return Finding("state_dir", "ok", f"{path} is its owner's alone")


def running(is_running: bool, has_ended: bool) -> Finding:
    if has_ended:
        return Finding("agent", "warn", "the peer was deleted: enrol anew, or wirety-agent leave to forget it")
    if is_running:
        return Finding("agent", "ok", "the agent runs")
    return Finding("agent", "warn", "the agent does not run: systemctl enable --now wirety-agent, or wirety-agent run")


def report(findings: Iterable[Finding]) -> Report:
    listed = list(findings)
    return Report(is_healthy=all(finding.level != "fail" for finding in listed), findings=listed)


def text(shown: Report) -> str:
    """For a person, a line a finding."""
    return "\n".join(f"{finding.level:<5} {finding.check:<17} {finding.text}" for finding in shown.findings)


def _socket(server: str, upgrade: int | None) -> Finding:
    """Without a session the socket's handshake is refused by the control plane itself; that proves the way."""
    if upgrade in (101, 401, 403):
        return Finding("socket", "ok", f"{server}/ws takes sockets")
    got = "no answer" if upgrade is None else str(upgrade)
    text = f"{server}/ws answers a socket's handshake with {got}: let proxies pass upgrades, or hints come late"
    return Finding("socket", "fail", text)


def _clock(offset_s: float | None) -> Finding:
    if offset_s is None:
        return Finding("clock", "warn", "the control plane's answer has no date: the clock cannot be compared")
    if abs(offset_s) < CLOCK_WARN_S:
        return Finding("clock", "ok", f"this host's clock is {abs(offset_s):.0f} s off the control plane's")
    said = f"this host's clock is {abs(offset_s):.0f} s {'slow' if offset_s > 0 else 'fast'}: set up NTP"
    return Finding("clock", "fail" if abs(offset_s) >= CLOCK_FAIL_S else "warn", said)
