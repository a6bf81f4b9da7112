"""WireGuard configuration as a pure function of a network and its peers.

The same input gives the same sections in the same order. No prefix stands twice on one
interface: WireGuard would silently move it to the last section.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from chalicelib.domain.ids import PeerId
from chalicelib.domain.ipam import Address, Cidr, address_at, address_v6_at
from chalicelib.domain.network import Network
from chalicelib.domain.peer import Kind, Peer

DEFAULT_MTU = 1420  # wireguard-tools, wg-quick(8)
DEFAULT_KEEPALIVE_S = 25  # wg(8), PersistentKeepalive


@dataclass(frozen=True, slots=True)
class Section:
    """One `[Peer]`. No `allowed_ips`: a standby. `keepalive_s` 0: off."""

    peer_id: PeerId
    public_key: str
    endpoint: str | None
    allowed_ips: tuple[Cidr, ...]
    keepalive_s: int


@dataclass(frozen=True, slots=True)
class Tunnel:
    """An interface and its sections. `addresses` without, `prefixes` with the network's prefix length."""

    addresses: tuple[Address, ...]
    prefixes: tuple[str, ...]
    listen_port: int | None
    mtu: int
    sections: tuple[Section, ...]


def home_of(peer: Peer, jumps: Iterable[Peer]) -> PeerId | None:
    """The jump that carries a regular peer: its fixed one, else the first by id with a key."""
    if peer.home_id is not None:
        return peer.home_id
    return min((jump.id for jump in jumps if jump.public_key is not None), default=None)


def regular_tunnel(network: Network, peer: Peer, jumps: Sequence[Peer], routers: Iterable[Peer]) -> Tunnel:
    """The tunnel of a dynamic or static peer.

    Args:
        jumps: all jump peers of the network.
        routers: regular peers with CIDRs behind them; `peer` itself and those without a key are left out.
    """
    serving = sorted((jump for jump in jumps if jump.public_key is not None), key=_by_id)
    home = home_of(peer, serving)
    behind = [
        cidr for other in routers if other.id != peer.id and other.public_key for cidr in other.additional_allowed_ips
    ]
    through_home = _ordered([host for jump in serving for host in _hosts(network, jump)] + list(network.cidrs) + behind)
    sections = tuple(
        _section(jump, through_home if jump.id == home else (), _keepalive_s(peer))
        for jump in serving
        if jump.id == home or peer.is_run_by_agent
    )
    return _tunnel(network, peer, sections)


def jump_tunnel(network: Network, jump: Peer, peers: Iterable[Peer]) -> Tunnel:
    """The tunnel of a jump: every peer with a key, by the home it has.

    Args:
        peers: all peers of the network, in any order; `jump` itself is left out.
    """
    known = sorted((peer for peer in peers if peer.public_key is not None), key=_by_id)
    jumps = [peer for peer in known if peer.kind is Kind.JUMP]
    homes = {peer.id: home_of(peer, jumps) for peer in known if peer.kind is not Kind.JUMP}
    sections: list[Section] = []
    for peer in known:
        if peer.id == jump.id:
            continue
        if peer.kind is Kind.JUMP:
            carried = [other for other in known if homes.get(other.id) == peer.id]
            reached = [host for via in (peer, *carried) for host in _reached(network, via)]
            sections.append(_section(peer, _ordered(reached), _keepalive_s(jump)))
        elif homes[peer.id] == jump.id:
            sections.append(_section(peer, _ordered(_reached(network, peer)), 0))
        elif peer.is_run_by_agent:
            sections.append(_section(peer, (), 0))
    return _tunnel(network, jump, tuple(sections))


def addresses(network: Network, peer: Peer) -> tuple[Address, ...]:
    """The peer's addresses: IPv4, then IPv6 where the network has it."""
    v4 = address_at(network.cidr, peer.index)
    return (v4,) if network.cidr_v6 is None else (v4, address_v6_at(network.cidr_v6, peer.index))


def touches_endpoint(cidr: Cidr, jump: Peer) -> bool:
    """Whether a CIDR contains a jump's endpoint, so that a route to it would swallow the tunnel."""
    try:
        return jump.endpoint is not None and ip_address(jump.endpoint) in cidr
    except ValueError:  # a host name
        return False


def _tunnel(network: Network, peer: Peer, sections: tuple[Section, ...]) -> Tunnel:
    own = addresses(network, peer)
    prefixes = tuple(f"{address}/{cidr.prefixlen}" for address, cidr in zip(own, network.cidrs, strict=True))
    return Tunnel(own, prefixes, peer.listen_port, peer.mtu or DEFAULT_MTU, sections)


def _section(peer: Peer, allowed_ips: tuple[Cidr, ...], keepalive_s: int) -> Section:
    assert peer.public_key is not None  # callers select peers with a key
    endpoint = _endpoint(peer)
    return Section(peer.id, peer.public_key, endpoint, allowed_ips, keepalive_s if endpoint else 0)


def _endpoint(peer: Peer) -> str | None:
    if peer.endpoint is None:
        return None
    host = f"[{peer.endpoint}]" if ":" in peer.endpoint else peer.endpoint
    return f"{host}:{peer.listen_port}"


def _keepalive_s(peer: Peer) -> int:
    return DEFAULT_KEEPALIVE_S if peer.persistent_keepalive is None else peer.persistent_keepalive


def _reached(network: Network, peer: Peer) -> list[Cidr]:
    return [*_hosts(network, peer), *peer.additional_allowed_ips]


def _hosts(network: Network, peer: Peer) -> list[Cidr]:
    return [ip_network(address) for address in addresses(network, peer)]


def _ordered(cidrs: Iterable[Cidr]) -> tuple[Cidr, ...]:
    return tuple(sorted(set(cidrs), key=lambda cidr: (cidr.version, int(cidr.network_address), cidr.prefixlen)))


def _by_id(peer: Peer) -> PeerId:
    return peer.id
