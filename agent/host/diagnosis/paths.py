"""Judges the ways from the host: names, the control plane, tunnels to jumps; pure.

Facts are gathered by adapters/examination; None among them means that it could not be found out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.host.diagnosis.findings import Finding
from agent.host.tunnel.live import ALIVE_S

OVERHEAD_BYTES = {4: 60, 6: 80}  # outer IP header, UDP, WireGuard's own 32
CLOCK_WARN_S = 30.0
CLOCK_FAIL_S = 24 * 3600.0  # TLS certificates and handshakes dated in the future begin to matter


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


@dataclass(frozen=True, slots=True)
class Handshake:
    """With one peer. `age_s` None: never."""

    peer_id: str
    endpoint: str | None
    age_s: float | None


def name(found: Name) -> Finding:
    if found.addresses:
        return Finding("dns", "ok", f"{found.what} {found.host} is {', '.join(found.addresses)}")
    return Finding("dns", "fail", f"{found.what} {found.host} has no address: check this host's resolver and the name")


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


def handshake(found: Handshake) -> Finding:
    """Of a tunnel that is kept alive: one that is silent does not pass."""
    if found.age_s is not None and found.age_s < ALIVE_S:
        return Finding("handshake", "ok", f"{found.peer_id} shook hands {found.age_s:.0f} s ago")
    since = "never shook hands" if found.age_s is None else f"last shook hands {found.age_s:.0f} s ago"
    at = found.endpoint or "an endpoint that is not known"
    text = f"{found.peer_id} at {at} {since}: does it run, and does UDP reach its listen port from here?"
    return Finding("handshake", "fail", text)


def tls(store: str, certificate: str | None, refused: str | None) -> Finding:
    """`store`: whose issuers this host trusts, in words; `certificate`: what the control plane shows, None: nothing;
    `refused`: why there is no connection, None: there is one."""
    shows = "no certificate was seen" if certificate is None else certificate
    if refused is None:
        return Finding("tls", "ok", f"{shows}; trusted by {store}")
    return Finding("tls", "fail", f"{refused} ({shows}; issuers are taken from {store})")


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


def _socket(server: str, upgrade: int | None) -> Finding:
    """Judge the socket, asked without a session: that the control plane refuses it proves the way."""
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
