"""What a jump lets through: values and sets, one policy for every jump of a network.

AllowedIPs cannot isolate through a hub; this does. Its verdict is about the first packet of
a flow, by the flow's own direction: replies belong to the permission they answer, and TCP
replies (not a bare SYN) pass by it also on a path that saw no first packet. What leaves the
tunnel is declared, or the internet for peers with full encapsulation; never anything else, and
never what no other machine may reach, whatever is declared.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Literal, assert_never

from chalicelib.domain.cidr import METADATA, NO_HOSTS, Address, Cidr, ordered, without
from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.acl import AclRule, Anything, OfCidr, OfPeer, OfTag, Ports, Protocol, Selector
from chalicelib.domain.network.addresses import PRIVATE, ULA
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.territories import territories

NEVER_OUT: tuple[Cidr, ...] = (*NO_HOSTS, *METADATA)
"""What is not out of the tunnel, whatever is declared: on a cloud's machine it would be the jump's own credentials."""

NEVER_INTERNET: tuple[Cidr, ...] = (
    *NEVER_OUT,
    *PRIVATE,
    ip_network("240.0.0.0/4"),  # reserved: RFC 1112 section 4
    ULA,
)
"""What the internet is not, whatever a client's AllowedIPs say."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the ACL over named sets of addresses; None: any. No `ports`: any."""

    source: str | None
    destination: str | None
    protocol: Protocol | None
    ports: tuple[Ports, ...]
    allows: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """A CIDR behind this jump. Not masqueraded: it knows its way back, and may speak first."""

    cidr: Cidr
    masquerade: bool


@dataclass(frozen=True, slots=True)
class Firewall:
    """`blocked`: dropped both ways, and their live flows cut. `isolated` talk to `hubs` alone:
    jumps and what lies behind them. `rules`: first match, default allow. `exits`: what lies
    behind this jump. `internet`: whose traffic to the internet may leave here.

    Whatever names peers is the sum of what each peer adds, and stands there without any too: so
    what a change of one peer does to it can be told from that peer, the jumps, and those with
    CIDRs behind them."""

    blocked: tuple[Cidr, ...] = ()
    isolated: tuple[Cidr, ...] = ()
    hubs: tuple[Cidr, ...] = ()
    sets: Mapping[str, tuple[Cidr, ...]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    exits: tuple[Exit, ...] = ()
    internet: tuple[Cidr, ...] = ()


Way = Literal["through", "leaving", "entering"]
"""From the tunnel into it again or to the jump itself; out of it; into it from behind the jump."""


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a flow. `port` 0: of a protocol without ports."""

    source: Address
    destination: Address
    protocol: Protocol
    port: int = 0


def firewall(network: Network, jump: Peer, peers: Iterable[Peer], rules: Sequence[AclRule]) -> Firewall:
    """Compile the policy as this jump enforces it.

    Args:
        peers: all peers of the network; those without a key, or that wait for approval, are nowhere, and in no set.
    """
    known = [peer for peer in peers if peer.public_key is not None and not peer.awaits_approval]
    is_singled_out = rules or any(peer.is_blocked or peer.is_isolated or peer.full_encapsulation for peer in known)
    own = territories(network, known if is_singled_out else [peer for peer in known if peer.is_jump or peer.is_router])

    def of(chosen: Iterable[Peer]) -> tuple[Cidr, ...]:
        return ordered(cidr for peer in chosen for cidr in own[peer.id])

    return Firewall(
        blocked=_cut_off(known, own),
        isolated=of(peer for peer in known if peer.is_isolated),
        hubs=of(peer for peer in known if peer.is_jump),
        sets=_sets(rules, known, own),
        rules=tuple(
            Rule(_name(rule.source), _name(rule.destination), rule.protocol, rule.ports, rule.allows) for rule in rules
        ),
        exits=tuple(Exit(cidr, cidr not in jump.routed_cidrs) for cidr in ordered(jump.additional_allowed_ips)),
        internet=of(peer for peer in known if peer.full_encapsulation),
    )


def permits(policy: Firewall, packet: Packet, way: Way) -> bool:
    """Whether a flow may begin, going the way that routing leads it."""
    source, destination = packet.source, packet.destination
    if _in(source, policy.blocked) or _in(destination, policy.blocked):
        return False
    if _in(destination, policy.isolated) and not _in(source, policy.hubs):
        return False
    if way != "leaving" and _in(source, policy.isolated) and not _in(destination, policy.hubs):
        return False
    if not _allowed(policy, packet):
        return False
    outside = {"leaving": destination, "entering": source}.get(way)
    if outside is not None and _in(outside, NEVER_OUT):
        return False
    if way == "leaving":
        declared = any(destination in behind.cidr for behind in policy.exits)
        return declared or (_in(source, policy.internet) and not _in(destination, NEVER_INTERNET))
    if way == "entering":
        return any(source in behind.cidr and not behind.masquerade for behind in policy.exits)
    return True


def _allowed(policy: Firewall, packet: Packet) -> bool:
    sets = policy.sets
    for rule in policy.rules:
        if rule.source is not None and not _in(packet.source, sets[rule.source]):
            continue
        if rule.destination is not None and not _in(packet.destination, sets[rule.destination]):
            continue
        if rule.protocol is not None and rule.protocol is not packet.protocol:
            continue
        if rule.ports and not any(packet.port in ports for ports in rule.ports):
            continue
        return rule.allows
    return True


def _cut_off(peers: Sequence[Peer], own: Mapping[PeerId, tuple[Cidr, ...]]) -> tuple[Cidr, ...]:
    """What is blocked peers' alone: a CIDR that a listed jump serves as well goes on by that one."""
    served = [cidr for peer in peers if peer.is_jump and not peer.is_blocked for cidr in own.get(peer.id, ())]
    return ordered(left for peer in peers if peer.is_blocked for cidr in own[peer.id] for left in without(cidr, served))


def _in(address: Address, cidrs: Collection[Cidr]) -> bool:
    return any(address in cidr for cidr in cidrs)


def _sets(
    rules: Sequence[AclRule], peers: Sequence[Peer], own: Mapping[PeerId, tuple[Cidr, ...]]
) -> Mapping[str, tuple[Cidr, ...]]:
    """What the rules select, each selection once; one of nobody is empty, and its rule matches nothing."""
    selectors = {str(side): side for rule in rules for side in (rule.source, rule.destination)}
    return {
        name: _members(selector, peers, own)
        for name, selector in sorted(selectors.items())
        if not isinstance(selector, Anything)
    }


def _name(selector: Selector) -> str | None:
    return None if isinstance(selector, Anything) else str(selector)


def _members(selector: Selector, peers: Sequence[Peer], own: Mapping[PeerId, tuple[Cidr, ...]]) -> tuple[Cidr, ...]:
    match selector:
        case OfCidr(cidr):
            return (cidr,)
        case OfPeer(peer_id):
            return own.get(peer_id, ())
        case OfTag(tag):
            return ordered(cidr for peer in peers if tag in peer.tags for cidr in own[peer.id])
        case Anything():
            return ()
        case _:
            assert_never(selector)
