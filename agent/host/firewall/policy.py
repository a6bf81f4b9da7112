"""What a jump lets through, parsed from its bundle into typed values.

Its meaning is that of `chalicelib.wire.bundle.Firewall`; `agent.host.firewall.nftables` is how it is enforced.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_network
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from agent.host.prefixes import Prefix
from chalicelib.wire import bundle as wire

Ports: TypeAlias = tuple[int, int]

OWN_SETS = ("blocked", "isolated", "hubs", "internet")
SET_NAME = re.compile(r"[a-zA-Z0-9._:/-]{1,128}")  # it stands in the table as a comment
REMEMBERED = 1 << 16  # a bundle names the same CIDRs as the one before


class Member(NamedTuple):
    """A CIDR of a set: where it begins and ends, in one order for both versions, and as nft lists it, where
    one address has no length."""

    first: int
    last: int
    version: int
    element: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the ACL. `source`, `destination`: names of sets, None: any. `ports`: first and
    last, disjoint and in order; none: any."""

    source: str | None
    destination: str | None
    protocol: Literal["tcp", "udp", "icmp"] | None
    ports: tuple[Ports, ...]
    allows: bool


@dataclass(frozen=True, slots=True)
class Exit:
    cidr: Prefix
    is_masqueraded: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """`sets`: members that neither nest nor stand twice, by name; `OWN_SETS` are always there."""

    sets: Mapping[str, tuple[Member, ...]] = field(default_factory=lambda: dict.fromkeys(OWN_SETS, ()))
    rules: tuple[Rule, ...] = ()
    exits: tuple[Exit, ...] = ()


def parse(firewall: wire.Firewall) -> Policy:
    """Parse a bundle's firewall.

    Raises:
        ValueError: it cannot be enforced as it stands: a malformed CIDR, port or name, a rule
            about a set that is not there, a CIDR that is an exit twice.
    """
    named = {_name(name): outermost(map(parse_member, cidrs)) for name, cidrs in firewall.sets.items()}
    sets = {**dict.fromkeys(OWN_SETS, ()), **named}
    exits = tuple(Exit(parse_cidr(way.cidr), way.masquerade) for way in firewall.exits)
    if len({way.cidr for way in exits}) < len(exits):
        raise ValueError("a CIDR is an exit twice")
    if any(way.cidr.prefixlen == 0 for way in exits):
        raise ValueError("the whole internet is an exit")
    return Policy(sets=sets, rules=tuple(_rule(rule, sets) for rule in firewall.rules), exits=exits)


@lru_cache(REMEMBERED)
def parse_cidr(text: str) -> Prefix:
    """Raises: ValueError."""
    if "%" in text:
        raise ValueError("a CIDR of the firewall has a zone")
    return ip_network(text)


def member(cidr: Prefix) -> Member:
    base = cidr.version << cidr.max_prefixlen  # behind all of IPv4, IPv6 begins
    one = str(cidr.network_address) if cidr.prefixlen == cidr.max_prefixlen else str(cidr)
    return Member(base + int(cidr.network_address), base + int(cidr.broadcast_address), cidr.version, one)


@lru_cache(REMEMBERED)
def parse_member(text: str) -> Member:
    """Raises: ValueError."""
    return member(parse_cidr(text))


def outermost(members: Iterable[Member]) -> tuple[Member, ...]:
    """Leave out what stands twice or nests in another: what is left does not overlap."""
    kept: list[Member] = []
    end = -1
    for one in sorted(members, key=itemgetter(0)):
        if one.last <= end:
            continue
        if kept and kept[-1].first == one.first:  # it holds the one before
            kept.pop()
        kept.append(one)
        end = one.last
    return tuple(kept)


def elements(members: Iterable[Member], version: int) -> frozenset[str]:
    """The members of one IP version, as nft lists them."""
    return frozenset(one.element for one in members if one.version == version)


def _name(text: str) -> str:
    if not SET_NAME.fullmatch(text):
        raise ValueError("a set of the firewall has no proper name")
    return text


def _rule(rule: wire.Rule, sets: Mapping[str, tuple[Member, ...]]) -> Rule:
    for side in (rule.source, rule.destination):
        if side is not None and side not in sets:
            raise ValueError("a rule of the firewall is about a set that is not there")
    if rule.ports and rule.protocol not in ("tcp", "udp"):
        raise ValueError("a rule of the firewall has ports without TCP or UDP")
    return Rule(
        source=rule.source,
        destination=rule.destination,
        protocol=rule.protocol,
        ports=_disjoint(rule.ports),
        allows=rule.action == "allow",
    )


def _disjoint(ports: list[Ports]) -> tuple[Ports, ...]:
    """The ranges in order and merged: nft refuses ranges that overlap."""
    merged: list[Ports] = []
    for first, last in sorted(ports):
        if not 0 < first <= last < 65536:
            raise ValueError("a rule of the firewall has ports that are no ports")
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)
