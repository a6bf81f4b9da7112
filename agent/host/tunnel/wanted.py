"""What one bundle asks of the host, parsed into typed values before any tool sees it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import TypeAlias

from agent.errors import BundleRefused
from agent.host.firewall.policy import Policy
from agent.host.firewall.policy import parse as parse_policy
from agent.host.prefixes import EVERYTHING, Prefix, contains
from agent.identity.keys import is_key
from chalicelib.wire.bundle import Bundle, BundlePeer, Pair

Address: TypeAlias = IPv4Interface | IPv6Interface

MTU_BOUNDS = range(576, 65536)
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?\.?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`host` is a name or a bare address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Section:
    """One `[Peer]` section."""

    public_key: str
    preshared_key: str | None = field(repr=False)
    allowed_ips: frozenset[Prefix]
    endpoint: Endpoint | None
    keepalive_s: int


@dataclass(frozen=True, slots=True)
class WantedTunnel:
    """`listen_port` None: any. `routes`: AllowedIPs that no address of the interface covers. `standbys`: a
    peer's staged key → its present one. `is_full`: all of the host's traffic goes into the tunnel, by a
    routing table of its own; it asks `resolvers` for names. `others`: public key → the preshared key to
    try where the section's own makes no handshake."""

    listen_port: int | None
    mtu: int
    addresses: frozenset[Address]
    sections: Mapping[str, Section]
    routes: frozenset[Prefix]
    is_forwarding: bool
    policy: Policy = field(default_factory=Policy, repr=False)
    is_blocked: bool = False
    standbys: Mapping[str, str] = field(default_factory=dict)
    is_full: bool = False
    resolvers: tuple[IPv4Address | IPv6Address, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_router(self) -> bool:
        """Whether it leads to networks behind it though it is no jump: then jumps judge who may go there."""
        return not self.is_forwarding and not self.is_blocked and bool(self.policy.exits)


@dataclass(frozen=True, slots=True)
class ParsedPeer:
    """A peer of a bundle: its sections, its AllowedIPs as text, and those of them that need a route."""

    peer: BundlePeer
    sections: tuple[Section, ...]
    prefixes: tuple[str, ...]
    routes: frozenset[Prefix]


@dataclass(slots=True)
class Parser:
    """Parses bundles, one after the other: of thousands of peers, those that stay as they were only once."""

    _known: dict[int, ParsedPeer] = field(default_factory=dict)
    _known_for: object = None

    def desired(self, bundle: Bundle, own_key: str | None = None) -> WantedTunnel:
        """Parse a bundle.

        Args:
            own_key: the public key in use; preshared keys follow it. None: the one the bundle takes for it.

        Raises:
            BundleRefused: a value is malformed, a key or a prefix stands twice (WireGuard would
                silently keep the later one).
        """
        try:
            addresses = frozenset(ip_interface(text) for text in bundle.interface.addresses)
            is_next = own_key is not None and own_key == bundle.interface.staged_key
            peers = self._parsed(bundle.peers, addresses, is_next)
            policy = parse_policy(bundle.firewall)
            others = {} if is_next else _others(bundle.peers)
        except ValueError as malformed:
            raise BundleRefused(f"the bundle cannot be parsed: {malformed}") from malformed
        _check_interface(bundle)
        sections = {section.public_key: section for parsed in peers for section in parsed.sections}
        if len(sections) < sum(len(parsed.sections) for parsed in peers):
            raise BundleRefused("a public key stands twice in the bundle")
        prefixes = _unique(prefix for parsed in peers for prefix in parsed.prefixes)
        return WantedTunnel(
            listen_port=bundle.interface.listen_port,
            mtu=bundle.interface.mtu,
            addresses=addresses,
            sections=sections,
            routes=frozenset().union(*(parsed.routes for parsed in peers if parsed.routes)),
            is_forwarding=bundle.firewall.forward,
            policy=policy,
            is_blocked=bundle.is_blocked,
            others=others,
            standbys={peer.staged.public_key: peer.public_key for peer in bundle.peers if peer.staged is not None},
            is_full=bundle.interface.full_encapsulation or not prefixes.isdisjoint(map(str, EVERYTHING)),
            resolvers=tuple(address for text in bundle.dns.resolvers if (address := _address(text)) is not None),
        )

    def _parsed(self, peers: Sequence[BundlePeer], addresses: frozenset[Address], is_next: bool) -> list[ParsedPeer]:
        known = self._known if self._known_for == (addresses, is_next) else {}
        parsed = [known.get(id(peer)) or _parsed_peer(peer, addresses, is_next) for peer in peers]
        self._known, self._known_for = {id(one.peer): one for one in parsed}, (addresses, is_next)
        return parsed


def desired(bundle: Bundle, own_key: str | None = None) -> WantedTunnel:
    """Parse one bundle, see `Parser.desired`."""
    return Parser().desired(bundle, own_key)


def wants_ipv6(wanted: WantedTunnel) -> bool:
    return any(one.version == 6 for one in (*wanted.addresses, *wanted.routes))


def without_ipv6(wanted: WantedTunnel) -> WantedTunnel:
    """The bundle as a host without IPv6 can have it; WireGuard itself takes all of it."""
    return replace(
        wanted,
        addresses=frozenset(address for address in wanted.addresses if address.version == 4),
        routes=frozenset(route for route in wanted.routes if route.version == 4),
    )


def endpoints_asked(bundle: Bundle) -> Mapping[str, Endpoint | None]:
    """Public key → the endpoint this bundle asks for; malformed ones are left out."""
    asked: dict[str, Endpoint | None] = {}
    for peer in bundle.peers:
        try:
            endpoint = parse_endpoint(peer.endpoint) if peer.endpoint is not None else None
        except ValueError:
            continue
        asked |= {pair.public_key: endpoint for pair in (peer, peer.staged) if pair is not None}
    return asked


def is_address(host: str) -> bool:
    """Whether an endpoint's host is an address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def named(sections: Iterable[Section]) -> Mapping[Endpoint, frozenset[str]]:
    """The endpoints that are names, each with the public keys of its peers."""
    found: dict[Endpoint, frozenset[str]] = {}
    for section in sections:
        if section.endpoint is not None and not is_address(section.endpoint.host):
            found[section.endpoint] = found.get(section.endpoint, frozenset()) | {section.public_key}
    return found


def parse_endpoint(text: str) -> Endpoint:
    """Parse `host:port`, IPv6 bracketed.

    Raises:
        ValueError: anything else.
    """
    host, separator, port = text.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("an endpoint is not host:port")
    if host.startswith("[") and host.endswith("]"):
        return Endpoint(host=str(ip_address(host[1:-1])), port=int(port))
    if not HOST_NAME.fullmatch(host):
        raise ValueError("an endpoint's host is neither a name nor an address")
    return Endpoint(host=host, port=int(port))


def routed(prefixes: Iterable[Prefix], addresses: Collection[Address]) -> frozenset[Prefix]:
    """The prefixes that need a route in the main table: no default route, and none that an address covers."""
    return frozenset(prefix for prefix in prefixes if prefix.prefixlen and not is_covered(prefix, addresses))


def is_covered(prefix: Prefix, addresses: Iterable[Address]) -> bool:
    return any(contains(address.network, prefix) for address in addresses)


def _parsed_peer(peer: BundlePeer, addresses: frozenset[Address], is_next: bool) -> ParsedPeer:
    """The peer's section, plus one for its staged key without AllowedIPs or keepalive."""
    present = _section(peer, peer, is_next)
    sections = [present]
    if peer.staged is not None:
        staged = _section(peer, peer.staged, is_next)
        sections.append(replace(staged, allowed_ips=frozenset(), keepalive_s=0))
    routes = routed(present.allowed_ips, addresses)
    return ParsedPeer(peer, tuple(sections), tuple(map(str, present.allowed_ips)), routes)


def _section(peer: BundlePeer, pair: BundlePeer | Pair, is_next: bool) -> Section:
    preshared_key = pair.next_preshared_key if is_next else pair.preshared_key
    for key in filter(None, (pair.public_key, preshared_key)):
        if not is_key(key):
            raise ValueError(f"a key of peer {peer.peer_id} is not base64 of 32 bytes")
    if not 0 <= peer.persistent_keepalive < 65536:
        raise ValueError(f"the keepalive of peer {peer.peer_id} is out of range")
    prefixes = [ip_network(text) for text in peer.allowed_ips]
    _unique(map(str, prefixes))
    return Section(
        public_key=pair.public_key,
        preshared_key=preshared_key,
        allowed_ips=frozenset(prefixes),
        endpoint=parse_endpoint(peer.endpoint) if peer.endpoint is not None else None,
        keepalive_s=peer.persistent_keepalive,
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of a resolver; None: a search domain, which may stand among resolvers."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _others(peers: Iterable[BundlePeer]) -> Mapping[str, str]:
    others = {peer.public_key: peer.other_preshared_key for peer in peers if peer.other_preshared_key is not None}
    if not all(map(is_key, others.values())):
        raise ValueError("a preshared key to try is not base64 of 32 bytes")
    return others


def _check_interface(bundle: Bundle) -> None:
    port = bundle.interface.listen_port
    if port is not None and not 0 < port < 65536:
        raise BundleRefused(f"listen port {port} is out of range")
    if bundle.interface.mtu not in MTU_BOUNDS:
        raise BundleRefused(f"MTU {bundle.interface.mtu} is out of range")


def _unique(prefixes: Iterable[str]) -> set[str]:
    """Raises BundleRefused: one of them stands twice."""
    seen: set[str] = set()
    for prefix in prefixes:
        if prefix in seen:
            raise BundleRefused(f"prefix {prefix} stands twice in the bundle")
        seen.add(prefix)
    return seen
