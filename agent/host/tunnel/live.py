"""What the host really has: the interface, its peers, addresses and own routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.host.prefixes import Prefix
from agent.host.tunnel.wanted import Address

ALIVE_S = 180  # WireGuard protocol, section 6.1: REJECT_AFTER_TIME


@dataclass(frozen=True, slots=True)
class LivePeer:
    """`endpoint` as WireGuard shows it, `ip:port`: the configured or the last roamed one."""

    public_key: str
    preshared_key: str | None = field(repr=False)
    allowed_ips: frozenset[Prefix]
    endpoint: str | None
    keepalive_s: int


@dataclass(frozen=True, slots=True)
class HostTunnelState:
    """`public_key` None: the interface has no key yet. `routes`: only the agent's own. `exists`: there is such an
    interface, and WireGuard answers for it."""

    public_key: str | None
    listen_port: int
    mtu: int
    is_up: bool
    addresses: frozenset[Address]
    peers: Mapping[str, LivePeer]
    routes: frozenset[Prefix]
    exists: bool = True


ABSENT = HostTunnelState(
    public_key=None,
    listen_port=0,
    mtu=0,
    is_up=False,
    addresses=frozenset(),
    peers={},
    routes=frozenset(),
    exists=False,
)


@dataclass(frozen=True, slots=True)
class PeerTraffic:
    """One peer's traffic. `handshake_at`: unix seconds, whole ones where a tool has no finer; 0: never."""

    public_key: str
    endpoint: str | None
    handshake_at: float
    rx: int
    tx: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A peer whose endpoint or handshake is another than at the look before. `age_s`: of its handshake.
    `is_urgent`: it moved, or shook hands early."""

    seen: PeerTraffic
    age_s: float
    is_urgent: bool
