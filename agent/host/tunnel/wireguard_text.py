"""WireGuard's own text: what `wg addconf` reads and `wg show IF dump` prints."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from agent.errors import ToolFailed
from agent.host.tunnel.difference import Change
from agent.host.tunnel.live import LivePeer, PeerTraffic
from agent.host.tunnel.wanted import Endpoint

NO_PRESHARED_KEY = "A" * 43 + "="  # 32 zero bytes
PEER_FIELDS = 8
UAPI_PEER = "public_key="  # wireguard.com/xplatform
UAPI_WELL = "errno=0\n\n"


@dataclass(frozen=True, slots=True)
class Dump:
    """`public_key` None: no private key set."""

    public_key: str | None
    listen_port: int
    peers: Mapping[str, LivePeer]
    seen: Sequence[PeerTraffic]


def addconf(
    changes: Sequence[Change],
    resolved: Mapping[Endpoint, str],
    private_key: str | None = None,
    listen_port: int | None = None,
) -> str:
    """Render the changed sections.

    A missing PresharedKey or PersistentKeepalive line keeps the old value, so both always
    stand; a ListenPort line makes wireguard-go rebind, so it stands only when it changed.
    """
    lines: list[str] = []
    if private_key is not None or listen_port is not None:
        lines.append("[Interface]")
    if private_key is not None:
        lines.append(f"PrivateKey = {private_key}")
    if listen_port is not None:
        lines.append(f"ListenPort = {listen_port}")
    for change in changes:
        lines += _section(change, resolved)
    return "\n".join(lines) + "\n"


def parse_dump(text: str) -> Dump:
    """Read `wg show IF dump`: a line for the interface, then one for each peer."""
    first, *rest = text.splitlines()
    _, public_key, listen_port, _ = first.split("\t")
    peers: dict[str, LivePeer] = {}
    for line in rest:
        key, psk, endpoint, prefixes, _, _, _, keepalive = line.split("\t")[:PEER_FIELDS]
        peers[key] = LivePeer(
            public_key=key,
            preshared_key=_or_none(psk),
            allowed_ips=frozenset(map(ip_network, prefixes.split(","))) if _or_none(prefixes) else frozenset(),
            endpoint=_or_none(endpoint),
            keepalive_s=0 if keepalive == "off" else int(keepalive),
        )
    seen = [seen_in_dump(line) for line in rest]
    return Dump(public_key=_or_none(public_key), listen_port=int(listen_port), peers=peers, seen=seen)


def parse_handshakes(text: str) -> Mapping[str, int]:
    """Read `wg show IF latest-handshakes`: public key → unix seconds, 0: never."""
    return {key: int(at) for key, at in (line.split("\t") for line in text.splitlines())}


def dump_records(text: str) -> Sequence[str]:
    """The peers' lines of `wg show IF dump`."""
    return text.splitlines()[1:]


def seen_in_dump(line: str) -> PeerTraffic:
    key, _, endpoint, _, handshake_at, rx, tx, _ = line.split("\t")[:PEER_FIELDS]
    return PeerTraffic(key, _or_none(endpoint), int(handshake_at), int(rx), int(tx))


def uapi_records(text: str) -> Sequence[str]:
    """The peers' parts of what a userspace WireGuard answers to `get=1`.

    Raises:
        ToolFailed: it says an error.
    """
    if not text.endswith(UAPI_WELL):
        raise ToolFailed("the WireGuard socket answers an error")
    return text.removesuffix(UAPI_WELL).split(UAPI_PEER)[1:]


def seen_in_uapi(record: str) -> PeerTraffic:
    """Of a peer's part, which begins with its key in hexadecimal digits."""
    key, _, rest = record.partition("\n")
    values = dict(line.split("=", 1) for line in rest.splitlines())
    handshake_at = int(values["last_handshake_time_sec"]) + int(values["last_handshake_time_nsec"]) / 1e9
    return PeerTraffic(
        public_key=base64.b64encode(bytes.fromhex(key)).decode(),
        endpoint=values.get("endpoint"),
        handshake_at=handshake_at,
        rx=int(values["rx_bytes"]),
        tx=int(values["tx_bytes"]),
    )


def _section(change: Change, resolved: Mapping[Endpoint, str]) -> list[str]:
    section = change.section
    lines = [
        "[Peer]",
        f"PublicKey = {section.public_key}",
        f"PresharedKey = {section.preshared_key or NO_PRESHARED_KEY}",
        f"PersistentKeepalive = {section.keepalive_s or 'off'}",
    ]
    if section.allowed_ips:  # an empty line is a syntax error, a missing one clears them
        lines.append("AllowedIPs = " + ", ".join(sorted(map(str, section.allowed_ips))))
    endpoint = resolved.get(change.endpoint) if isinstance(change.endpoint, Endpoint) else change.endpoint
    if endpoint is not None:
        lines.append(f"Endpoint = {endpoint}")
    return lines


def _or_none(text: str) -> str | None:
    return None if text == "(none)" else text
