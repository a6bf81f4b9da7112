"""WireGuard configuration as a pure function of a network and its peers.

The same input gives the same sections in the same order. No prefix stands twice on one
interface: WireGuard would silently move it to the last section.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from chalicelib.domain.cidr import Address, Cidr, ordered, unmapped
from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.home import home_of, homes_in_order, serving
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.tunnel.psk import PresharedKeys

DEFAULT_PORT = 51820  # wireguard-tools, wg(8)
DEFAULT_MTU = 1420  # wireguard-tools, wg-quick(8)
DEFAULT_KEEPALIVE_S = 25  # wg(8), PersistentKeepalive
FIRST_EPOCH = 1
MOST_HOSTS = 1 << 14  # kept: a jump's bundle asks for each peer's several times; some 1 KB each
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A public key of another peer, with the preshared keys between it and one's own: the key in use,
    and the one that is staged. `other_preshared_key`: what the other side may have instead, for it
    hears of another epoch earlier or later."""

    public_key: str
    preshared_key: str | None = field(default=None, repr=False)
    next_preshared_key: str | None = field(default=None, repr=False)
    other_preshared_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Section:
    """One `[Peer]`, of the key in use. No `allowed_ips`: a standby. `keepalive_s` 0: off. `staged`: the
    key it will use next, a second section without AllowedIPs. `address`: of a jump. `homes`: of a
    regular agent in a jump's tunnel: its home, and who is next; `standby`: what it has at the home it has."""

    peer_id: PeerId
    pair: Pair
    endpoint: str | None
    allowed_ips: tuple[Cidr, ...]
    keepalive_s: int
    staged: Pair | None = None
    address: Address | None = None
    homes: tuple[PeerId, ...] = ()
    standby: tuple[Cidr, ...] = ()

    @property
    def public_key(self) -> str:
        return self.pair.public_key

    @property
    def preshared_key(self) -> str | None:
        return self.pair.preshared_key


@dataclass(frozen=True, slots=True)
class Tunnel:
    """An interface and its sections. `addresses` without, `prefixes` with the network's prefix
    length. `dns`: what a file's DNS line names: addresses, then search domains. `homes`: of a regular
    agent, see home."""

    addresses: tuple[Address, ...]
    prefixes: tuple[str, ...]
    listen_port: int | None
    mtu: int
    sections: tuple[Section, ...]
    dns: tuple[str, ...] = ()
    homes: tuple[PeerId, ...] = ()


@dataclass(frozen=True, slots=True)
class Epochs:
    """Of the preshared keys of a pair. `other`: what this side tries when `present` makes no handshake."""

    present: int
    other: int | None


def regular_tunnel(
    network: Network, peer: Peer, jumps: Collection[Peer], routers: Iterable[Peer], psk: PresharedKeys
) -> Tunnel:
    """The tunnel of a dynamic or static peer: its home jump, and for agents the others as warm standbys.

    Args:
        jumps: all jump peers of the network.
        routers: regular peers with CIDRs behind them; `peer` itself may be among them.
    """
    hubs = [] if peer.is_cut_off else serving(jumps)
    home = home_of(peer, hubs, network.down)
    through_home = EVERYTHING if peer.full_encapsulation else _reachable(network, peer, hubs, routers)
    sections = tuple(
        _section(
            peer,
            jump,
            psk,
            epochs(network, peer, jump),
            allowed_ips=through_home if jump.id == home else (),
            keepalive_s=_keepalive_s(peer) if jump.endpoint else 0,
            address=addresses(network, jump)[0],
        )
        for jump in hubs
        if jump.id == home or peer.is_run_by_agent
    )
    tunnel = _tunnel(network, peer, sections, _dns(network, peer, [jump for jump in hubs if jump.id == home]))
    return replace(tunnel, homes=homes_in_order(peer, hubs, network.down)) if peer.is_run_by_agent else tunnel


def jump_tunnel(network: Network, jump: Peer, peers: Iterable[Peer], psk: PresharedKeys) -> Tunnel:
    """The tunnel of a jump: every listed peer, by the home it has.

    Args:
        peers: all peers of the network, in any order; `jump` itself may be among them.
    """
    known = sorted((peer for peer in peers if peer.is_listed), key=lambda peer: peer.id)
    if jump.is_blocked or jump.public_key is None:
        return _tunnel(network, jump, (), ())
    hubs = serving(known)
    orders = {peer.id: _order(network, peer, hubs) for peer in known if not peer.is_jump}
    carried: dict[PeerId, list[Cidr]] = {}
    for peer in known:
        if homes := orders.get(peer.id):
            carried.setdefault(homes[0], []).extend(reach(network, peer))
    served = served_cidrs(network, hubs)

    def section(peer: Peer) -> Section | None:
        """At its home a regular peer's section carries its CIDRs. At other jumps an agent gets a standby section, a
        static peer gets none."""
        bare = partial(_section, jump, peer, psk, epochs(network, jump, peer))
        if peer.is_jump:
            behind = [cidr for cidr in served[peer.id] if cidr not in jump.additional_allowed_ips]
            reached = ordered((*hosts(network, peer), *behind, *carried.get(peer.id, ())))
            own = addresses(network, peer)[0]
            return bare(allowed_ips=reached, keepalive_s=_keepalive_s(jump) if peer.endpoint else 0, address=own)
        order, cidrs = orders[peer.id], reach(network, peer)
        homes = order if peer.is_run_by_agent else ()
        if order[:1] == (jump.id,):
            return bare(allowed_ips=cidrs, homes=homes)
        return bare(homes=homes, standby=cidrs) if peer.is_run_by_agent else None

    found = (section(peer) for peer in known if peer.id != jump.id)
    return _tunnel(network, jump, tuple(one for one in found if one is not None), ())


def _order(network: Network, peer: Peer, hubs: Sequence[Peer]) -> tuple[PeerId, ...]:
    """The jumps in the order in which they carry a peer; a file names its home alone."""
    if peer.is_run_by_agent:
        return homes_in_order(peer, hubs, network.down)
    home = home_of(peer, hubs, network.down)
    return () if home is None else (home,)


def _section(
    own: Peer,
    other: Peer,
    psk: PresharedKeys,
    known: Epochs,
    *,
    allowed_ips: tuple[Cidr, ...] = (),
    keepalive_s: int = 0,
    address: Address | None = None,
    homes: tuple[PeerId, ...] = (),
    standby: tuple[Cidr, ...] = (),
) -> Section:
    """What one peer's configuration says of another; a file knows nothing of staged keys."""

    def between(own_key: str | None, key: str, epoch: int | None) -> str | None:
        return None if own_key is None or epoch is None else psk(own_key, key, epoch)

    def pair(key: str, other_epoch: int | None = None) -> Pair:
        present, following = between(own.public_key, key, known.present), between(own.staged_key, key, known.present)
        return Pair(key, present, following, between(own.public_key, key, other_epoch))

    is_staged = other.staged_key is not None and own.is_run_by_agent
    staged = pair(str(other.staged_key)) if is_staged else None
    used = pair(str(other.public_key), known.other)
    return Section(other.id, used, _endpoint(other), allowed_ips, keepalive_s, staged, address, homes, standby)


def served_cidrs(network: Network, hubs: Sequence[Peer]) -> dict[PeerId, tuple[Cidr, ...]]:
    """Which CIDRs each jump serves to the others: equal ones belong to the first that is not marked down."""
    first_up = sorted(hubs, key=lambda jump: (jump.id in network.down, jump.id))
    owners: dict[Cidr, PeerId] = {}
    for jump in first_up:
        for cidr in jump.additional_allowed_ips:
            owners.setdefault(cidr, jump.id)
    return {jump.id: tuple(cidr for cidr in jump.additional_allowed_ips if owners[cidr] == jump.id) for jump in hubs}


def epochs(network: Network, own: Peer, other: Peer) -> Epochs:
    """A pair has the epoch that its regular peer holds, two jumps the one that both do; a file keeps its own.

    One side of each pair tries another, the regular peer or the first of two jumps: the newest,
    or the one before where that is it. So a pair heals whichever of the two slept.
    """
    regular = own if other.is_jump and not own.is_jump else other
    if regular.kind is Kind.STATIC:
        return Epochs(network.epoch if regular.epoch is None else regular.epoch, None)
    held = [one.epoch or FIRST_EPOCH for one in ((own, other) if regular.is_jump else (regular,))]
    present = min(held)
    tries = own is regular if not regular.is_jump else own.id < other.id
    another = network.epoch if present != network.epoch else network.epoch - 1
    return Epochs(present, another if tries and another >= FIRST_EPOCH else None)


def addresses(network: Network, peer: Peer) -> tuple[Address, ...]:
    """The peer's addresses: IPv4, then IPv6 where the network has it."""
    return tuple(host.network_address for host in hosts(network, peer))


def hosts(network: Network, peer: Peer) -> tuple[Cidr, ...]:
    """The peer's addresses as prefixes of one address each."""
    v6 = None if network.cidr_v6 is None else int(network.cidr_v6.network_address)
    return hosts_at(int(network.cidr.network_address), v6, peer.index)


def reach(network: Network, peer: Peer) -> tuple[Cidr, ...]:
    """The peer's addresses and the CIDRs behind it, ordered."""
    own = hosts(network, peer)
    return ordered((*own, *peer.additional_allowed_ips)) if peer.additional_allowed_ips else own


def touches_endpoint(cidr: Cidr, endpoint: str | None) -> bool:
    """Whether a CIDR contains a jump's endpoint, so that a route to it would swallow the tunnel."""
    try:
        return endpoint is not None and unmapped(ip_address(endpoint)) in cidr
    except ValueError:  # a host name
        return False


@lru_cache(maxsize=MOST_HOSTS)
def hosts_at(origin: int, origin_v6: int | None, index: int) -> tuple[Cidr, ...]:
    v4 = IPv4Network((origin + index, 32))  # from a number: no text to parse
    return (v4,) if origin_v6 is None else (v4, IPv6Network((origin_v6 + index, 128)))


def _reachable(network: Network, peer: Peer, hubs: Sequence[Peer], routers: Iterable[Peer]) -> tuple[Cidr, ...]:
    """What a regular peer sends into the tunnel.

    Jumps are named one by one to isolated peers only: to others their addresses lie within the
    network, and named beside it they would make every issued file stale when a jump is added.
    """
    reached: list[Cidr] = [] if peer.is_isolated else list(network.cidrs)
    for jump in hubs:
        reached += (*(hosts(network, jump) if peer.is_isolated else ()), *jump.additional_allowed_ips)
    for router in routers:
        if router.id != peer.id and router.is_listed and not (peer.is_isolated or router.is_isolated):
            reached += router.additional_allowed_ips
    return ordered(reached)


def _tunnel(network: Network, peer: Peer, sections: tuple[Section, ...], dns: tuple[str, ...]) -> Tunnel:
    own = addresses(network, peer)
    prefixes = tuple(f"{address}/{cidr.prefixlen}" for address, cidr in zip(own, network.cidrs, strict=True))
    return Tunnel(own, prefixes, peer.listen_port, peer.mtu or DEFAULT_MTU, sections, dns)


def _dns(network: Network, peer: Peer, home: Sequence[Peer]) -> tuple[str, ...]:
    """The peer's choice; by default with full encapsulation the home jump, which knows the network's names.

    The network's domain stands beside it only where it was asked for: some importers read the line
    as a list of addresses.
    """
    if peer.dns is not None:
        return peer.dns
    if not peer.full_encapsulation or not home:
        return ()
    return tuple(map(str, addresses(network, home[0])))


def _endpoint(peer: Peer) -> str | None:
    if peer.endpoint is None or peer.kind is not Kind.JUMP:
        return None
    host = f"[{peer.endpoint}]" if ":" in peer.endpoint else peer.endpoint
    return f"{host}:{peer.announced_port or DEFAULT_PORT}"


def _keepalive_s(peer: Peer) -> int:
    return DEFAULT_KEEPALIVE_S if peer.persistent_keepalive is None else peer.persistent_keepalive
