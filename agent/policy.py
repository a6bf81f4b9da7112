"""What a jump lets through, parsed from its bundle into typed values.

Its meaning is that of `chalicelib.wire.bundle.Firewall`; `agent.nftables` is how it is enforced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, TypeAlias

from chalicelib.wire import bundle as wire

Cidr: TypeAlias = IPv4Network | IPv6Network
Ports: TypeAlias = tuple[int, int]

OWN_SETS = ("blocked", "isolated", "hubs", "internet")
SET_NAME = re.compile(r"[a-zA-Z0-9._:/-]{1,128}")  # it stands in the table as a comment
REMEMBERED = 1 << 16  # a bundle names the same CIDRs as the one before


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
    cidr: Cidr
    is_masqueraded: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """`sets`: CIDRs that neither nest nor stand twice, by name; `OWN_SETS` are always there."""

    sets: Mapping[str, tuple[Cidr, ...]] = field(default_factory=lambda: dict.fromkeys(OWN_SETS, ()))
    rules: tuple[Rule, ...] = ()
    exits: tuple[Exit, ...] = ()


def parse(firewall: wire.Firewall) -> Policy:
    """Parse a bundle's firewall.

    Raises:
        ValueError: it cannot be enforced as it stands: a malformed CIDR, port or name, a rule
            about a set that is not there, a CIDR that is an exit twice.
    """
    sets = {**dict.fromkeys(OWN_SETS, ()), **{_name(name): _members(cidrs) for name, cidrs in firewall.sets.items()}}
    exits = tuple(Exit(parse_cidr(way.cidr), way.masquerade) for way in firewall.exits)
    if len({way.cidr for way in exits}) < len(exits):
        raise ValueError("a CIDR is an exit twice")
    if any(way.cidr.prefixlen == 0 for way in exits):
        raise ValueError("the whole internet is an exit")
    return Policy(sets=sets, rules=tuple(_rule(rule, sets) for rule in firewall.rules), exits=exits)


@lru_cache(REMEMBERED)
def parse_cidr(text: str) -> Cidr:
    """Raises: ValueError."""
    if "%" in text:
        raise ValueError("a CIDR of the firewall has a zone")
    return ip_network(text)


def outermost(cidrs: tuple[Cidr, ...]) -> tuple[Cidr, ...]:
    """Leave out what stands twice or nests in another: what is left does not overlap."""
    kept: list[Cidr] = []
    for cidr in sorted(cidrs, key=lambda one: (one.version, int(one.network_address), one.prefixlen)):
        if not kept or kept[-1].version != cidr.version or kept[-1].broadcast_address < cidr.network_address:  # type: ignore[operator]
            kept.append(cidr)
    return tuple(kept)


def _members(texts: list[str]) -> tuple[Cidr, ...]:
    return outermost(tuple(map(parse_cidr, texts)))


def _name(text: str) -> str:
    if not SET_NAME.fullmatch(text):
        raise ValueError("a set of the firewall has no proper name")
    return text


def _rule(rule: wire.Rule, sets: Mapping[str, tuple[Cidr, ...]]) -> Rule:
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
    """In order and without overlap, which nft refuses."""
    merged: list[Ports] = []
    for first, last in sorted(ports):
        if not 0 < first <= last < 65536:
            raise ValueError("a rule of the firewall has ports that are no ports")
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)
