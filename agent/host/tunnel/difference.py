"""The fewest steps from what the host has to what the bundle asks; pure.

WireGuard facts behind the rules: a section without Endpoint keeps the roamed one; a prefix
given to one peer leaves the other silently; a section's AllowedIPs replace the old ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agent.host.prefixes import Prefix, contains
from agent.host.tunnel.live import HostTunnelState, LivePeer
from agent.host.tunnel.wanted import Address, Endpoint, Section, WantedTunnel

Ordered = TypeVar("Ordered", Address, Prefix)

MOST_GONE = 1000  # endpoints, some 70 bytes each


@dataclass(frozen=True, slots=True)
class Change:
    """One section to configure. `endpoint` None: leave the live one alone; a string is an
    address and port the peer was last seen at."""

    section: Section
    endpoint: Endpoint | str | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to change, see steps; empty fields are no change. `cuts`: those of `changes` by which a section loses
    prefixes, with nothing but what it keeps."""

    creates: bool = False
    removed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    cuts: tuple[Change, ...] = ()
    sets_key: bool = False
    listen_port: int | None = None
    new_addresses: tuple[Address, ...] = ()
    old_addresses: tuple[Address, ...] = ()
    mtu: int | None = None
    brings_up: bool = False
    new_routes: tuple[Prefix, ...] = ()
    old_routes: tuple[Prefix, ...] = ()

    @property
    def lays(self) -> bool:
        """Whether addresses, MTU, link state or routes change."""
        laid = (self.new_addresses, self.old_addresses, self.mtu, self.brings_up, self.new_routes, self.old_routes)
        return any(laid)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the live state cannot tell: the endpoints desired last, and those peers had.

    `asked`: public key → desired endpoint. `learned`: public key → `ip:port`.
    """

    asked: Mapping[str, Endpoint | None] = field(default_factory=dict)
    learned: Mapping[str, str] = field(default_factory=dict)

    def seeing(self, endpoints: Mapping[str, str]) -> "Memory":
        """The memory with where peers are now. The last peers that are gone stay in it: one that was blocked may come
        back."""
        gone = [(key, endpoint) for key, endpoint in self.learned.items() if key not in endpoints]
        return replace(self, learned={**dict(gone[-MOST_GONE:]), **endpoints})


NOTHING = Plan()


def difference(live: HostTunnelState, wanted: WantedTunnel, public_key: str, memory: Memory) -> Plan:
    changes = tuple(
        change
        for section in wanted.sections.values()
        if (change := _change(section, live.peers.get(section.public_key), memory)) is not None
    )
    port = wanted.listen_port
    plan = Plan(
        creates=not live.exists,
        removed=tuple(sorted(live.peers.keys() - wanted.sections.keys())),
        changes=changes,
        cuts=tuple(cut for change in changes if (cut := _cut(change, live)) is not None),
        sets_key=live.public_key != public_key,
        listen_port=port if port is not None and port != live.listen_port else None,
        mtu=wanted.mtu if wanted.mtu != live.mtu else None,
        brings_up=not live.is_up,
    )
    return relaid(plan, live, wanted)


def relaid(plan: Plan, live: HostTunnelState, wanted: WantedTunnel) -> Plan:
    """The plan with these addresses and routes: what they may be is known once endpoints have addresses."""
    return replace(
        plan,
        new_addresses=_in_order(wanted.addresses - live.addresses),
        old_addresses=_in_order(live.addresses - wanted.addresses),
        new_routes=_in_order(wanted.routes - live.routes),
        old_routes=_in_order(live.routes - wanted.routes),
    )


def names_asked(plan: Plan) -> frozenset[Endpoint]:
    """The endpoints of the plan whose addresses have to be asked for."""
    return frozenset(change.endpoint for change in plan.changes if isinstance(change.endpoint, Endpoint))


def last_seen(plan: Plan, learned: Mapping[str, str]) -> Mapping[Endpoint, str]:
    """Where the peers of `names_asked` were seen last: for names that nobody answers, as behind a seal.

    Args:
        learned: public key → `ip:port`.
    """
    return {
        change.endpoint: learned[change.section.public_key]
        for change in plan.changes
        if isinstance(change.endpoint, Endpoint) and change.section.public_key in learned
    }


def changing_hands_within(live: HostTunnelState, wanted: WantedTunnel, plan: Plan) -> frozenset[Prefix]:
    """Prefixes that a peer loses or gains, where one of them lies in a range of another; none otherwise.

    Such a prefix belongs to the range's peer as soon as the other has it no more, or as long as it has it not yet.
    Where the interface is still to be made nobody has anything.
    """
    if not live.exists:
        return frozenset()
    had = {key: peer.allowed_ips for key, peer in live.peers.items()}
    changed = [had[key] for key in plan.removed]
    changed += [had.get(change.section.public_key, frozenset()) ^ change.section.allowed_ips for change in plan.changes]
    moving = frozenset(prefix for prefixes in changed for prefix in prefixes)
    if not moving:
        return moving
    sections = [*had.values(), *(section.allowed_ips for section in wanted.sections.values())]
    ranges = {prefix for prefixes in sections for prefix in prefixes if prefix.prefixlen < prefix.max_prefixlen}
    is_within = any(outer != inner and contains(outer, inner) for outer in ranges for inner in moving)
    return moving if is_within else frozenset()


def carried_out(
    live: HostTunnelState, plan: Plan, public_key: str, resolved: Mapping[Endpoint, str]
) -> HostTunnelState:
    """What the host has once every step of the plan is made.

    `resolved`: `ip:port` of each endpoint that has an address; the rest stay without one.
    """
    taken = frozenset(prefix for change in plan.changes for prefix in change.section.allowed_ips)
    removed = frozenset(plan.removed)
    peers = {key: _without(taken, peer) for key, peer in live.peers.items() if key not in removed}
    for change in plan.changes:
        peers[change.section.public_key] = _configured(change, peers.get(change.section.public_key), resolved)
    return HostTunnelState(
        public_key=public_key if plan.sets_key else live.public_key,
        listen_port=plan.listen_port or live.listen_port,
        mtu=plan.mtu or live.mtu,
        is_up=live.is_up or plan.brings_up,
        addresses=(live.addresses | set(plan.new_addresses)) - set(plan.old_addresses),
        peers=peers,
        routes=(live.routes | set(plan.new_routes)) - set(plan.old_routes),
        exists=live.exists or plan.creates,
    )


def _change(section: Section, peer: LivePeer | None, memory: Memory) -> Change | None:
    key = section.public_key
    if peer is None:
        return Change(section=section, endpoint=section.endpoint or memory.learned.get(key), is_new=True)
    moved = section.endpoint is not None and (peer.endpoint is None or memory.asked.get(key) != section.endpoint)
    same = (peer.preshared_key, peer.allowed_ips, peer.keepalive_s) == (
        section.preshared_key,
        section.allowed_ips,
        section.keepalive_s,
    )
    if same and not moved:
        return None
    return Change(section=section, endpoint=section.endpoint if moved else None, is_new=False)


def _cut(change: Change, live: HostTunnelState) -> Change | None:
    """The change with only those prefixes that the section has both before and after; None: it loses none."""
    section, peer = change.section, live.peers.get(change.section.public_key)
    if peer is None or peer.allowed_ips <= section.allowed_ips:
        return None
    return replace(change, section=replace(section, allowed_ips=section.allowed_ips & peer.allowed_ips))


def _without(taken: frozenset[Prefix], peer: LivePeer) -> LivePeer:
    if peer.allowed_ips.isdisjoint(taken):
        return peer
    return replace(peer, allowed_ips=peer.allowed_ips - taken)


def _configured(change: Change, before: LivePeer | None, resolved: Mapping[Endpoint, str]) -> LivePeer:
    endpoint = resolved.get(change.endpoint) if isinstance(change.endpoint, Endpoint) else change.endpoint
    section = change.section
    return LivePeer(
        public_key=section.public_key,
        preshared_key=section.preshared_key,
        allowed_ips=section.allowed_ips,
        endpoint=endpoint or (before.endpoint if before else None),
        keepalive_s=section.keepalive_s,
    )


def _in_order(values: frozenset[Ordered]) -> tuple[Ordered, ...]:
    return tuple(sorted(values, key=lambda value: (value.version, str(value))))
