"""Prefixes of the host's own network that the tunnel must leave alone; pure.

A route of the host's own is never taken from it. And whatever the host must reach by itself (gateways,
resolvers, its own networks, where WireGuard sends to) keeps its way: a tunnel's prefix that holds it goes in
only where the host has a longer route to it. All others are left out and reported.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network
from typing import TypeAlias

from agent.host.prefixes import Prefix, contains
from agent.host.tunnel.live import LivePeer
from agent.host.tunnel.wanted import Address, Endpoint, WantedTunnel

Ip: TypeAlias = IPv4Address | IPv6Address

LONGER = "a longer route of the host's own to that address lets it in"
BY_THE_TUNNEL = "or make it a resolver of the network or of this peer, to ask it through the tunnel"
RENUMBER = "or give one of the two another range"


@dataclass(frozen=True, slots=True)
class HostRoutes:
    """What the host has beside the tunnel: connected subnets, gateways and addresses of every other interface, and
    by which interface each prefix is reached. `taken`: the prefix of each route that is not the agent's → the route
    as `ip` says it. `resolvers`: whom the host asks for names."""

    subnets: frozenset[Prefix] = frozenset()
    gateways: frozenset[Ip] = frozenset()
    paths: frozenset[tuple[Prefix, str]] = frozenset()
    taken: Mapping[Prefix, str] = field(default_factory=dict)
    addresses: frozenset[Address] = frozenset()
    resolvers: frozenset[Ip] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """An address whose way must stay as it is. `own`: the network of the host's own address; None: it is another's."""

    address: Ip
    what: str
    way_out: str
    own: Prefix | None = None


def without_conflicts(
    wanted: WantedTunnel, host: HostRoutes, endpoints: Iterable[Ip] = ()
) -> tuple[WantedTunnel, tuple[str, ...]]:
    """Leave out what would take the host's own network; a sentence for each prefix that the tunnel goes without.

    An address whose network conflicts keeps its address alone, without the connected route.

    Args:
        endpoints: where WireGuard sends to of itself; see `sent_to`.
    """
    prefixes = wanted.routes | {address.network for address in wanted.addresses}
    found = {prefix: _is_taken(prefix, host.taken[prefix]) for prefix in prefixes if prefix in host.taken}
    lengths = {(prefix.version, prefix.prefixlen) for prefix in prefixes}
    for kept in _all_kept(wanted, host, endpoints):
        held = [prefix for prefix in _around(kept.address, lengths) if prefix in prefixes]
        longest, way = _way(kept, host) if held else (0, "")
        for prefix in held:
            if prefix.prefixlen > longest:
                found.setdefault(prefix, f"{prefix} holds {kept.what} {kept.address}{way}: {kept.way_out}")
    if not found:
        return wanted, ()
    reduced = replace(
        wanted,
        routes=wanted.routes - found.keys(),
        addresses=frozenset(_alone(one) if one.network in found else one for one in wanted.addresses),
    )
    return reduced, tuple(sorted(said for prefix, said in found.items() if not _goes_in_anyhow(prefix, wanted, host)))


def sent_to(wanted: WantedTunnel, peers: Mapping[str, LivePeer], resolved: Mapping[Endpoint, str]) -> frozenset[Ip]:
    """The addresses of the endpoints that a bundle names, as they were found just now or as WireGuard has them."""
    named = [(key, section.endpoint) for key, section in wanted.sections.items() if section.endpoint is not None]
    texts = [resolved.get(endpoint) or _live(peers.get(key)) or str(endpoint) for key, endpoint in named]
    return frozenset(address for text in texts if (address := _address_of(text)) is not None)


def _all_kept(wanted: WantedTunnel, host: HostRoutes, endpoints: Iterable[Ip]) -> Iterator[Kept]:
    for gateway in host.gateways:
        yield Kept(gateway, "this host's gateway", f"{LONGER} (ip route add {gateway} dev …), {RENUMBER}")
    for resolver in host.resolvers:
        if not resolver.is_loopback and not _is_in_the_tunnel(resolver, wanted):
            way_out = f"{LONGER} (ip route add {resolver} via …), {RENUMBER}, {BY_THE_TUNNEL}"
            yield Kept(resolver, "this host's resolver", way_out)
    for own in host.addresses:
        yield Kept(
            own.ip, "this host's own address", f"leave it out of what the tunnel routes, {RENUMBER}", own.network
        )
    for endpoint in endpoints:
        way_out = f"{LONGER} (ip route add {endpoint} via …), or give the peer an endpoint outside of it"
        yield Kept(endpoint, "a peer's endpoint", way_out)


def _is_taken(prefix: Prefix, route: str) -> str:
    return (
        f"{prefix} has a route of this host's own ({route}): leave it out of what the tunnel routes, take that route"
        f" away, {RENUMBER}"
    )


def _is_in_the_tunnel(resolver: Ip, wanted: WantedTunnel) -> bool:
    """A jump's resolver, which somebody has put into the host's configuration."""
    return resolver in wanted.resolvers or any(resolver in address.network for address in wanted.addresses)


def _way(kept: Kept, host: HostRoutes) -> tuple[int, str]:
    """The length of the longest route by which the host reaches an address, and that route in words."""
    if kept.own is not None:
        return kept.own.prefixlen, f" of {kept.own}"
    ways = [(prefix.prefixlen, str(prefix), name) for prefix, name in host.paths if kept.address in prefix]
    if not ways:
        return -1, ", to which no other route leads"
    length, prefix, name = max(ways)
    return length, f", which it reaches by {prefix} on {name}"


def _around(address: Ip, lengths: Iterable[tuple[int, int]]) -> Iterator[Prefix]:
    """The prefixes of these versions and lengths that hold an address."""
    for version, length in lengths:
        if version == address.version:
            yield ip_network((address.packed, length), strict=False)


def _goes_in_anyhow(prefix: Prefix, wanted: WantedTunnel, host: HostRoutes) -> bool:
    """With full encapsulation all goes into the tunnel that no route of the host's but a default one leads to."""
    if not wanted.is_full or prefix in host.taken:
        return False
    return not any(path.prefixlen and contains(path, prefix) for path, _ in host.paths)


def _live(peer: LivePeer | None) -> str | None:
    return peer.endpoint if peer is not None else None


def _address_of(endpoint: str) -> Ip | None:
    """The address of `host:port`; None: the host is a name."""
    try:
        return ip_address(endpoint.rpartition(":")[0].strip("[]"))
    except ValueError:
        return None


def _alone(address: Address) -> Address:
    return ip_interface(address.ip)
