"""The access control list: ordered rules about who may reach whom; the first match decides."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.cidr import Cidr, parse_cidr
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import PEER_ID, NetworkId, PeerId
from chalicelib.domain.text import parse_tag

MOST_PORTS = 64  # ranges of one rule
PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?\Z")


class Protocol(StrEnum):
    """ICMP stands for ICMPv6 too."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"


@dataclass(frozen=True, slots=True)
class Anything:
    """`*`"""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class OfCidr:
    """Everything in a CIDR, whoever it belongs to."""

    cidr: Cidr

    def __str__(self) -> str:
        return str(self.cidr)


@dataclass(frozen=True, slots=True)
class OfPeer:
    """`peer:ID`: its addresses and the CIDRs behind it."""

    peer_id: PeerId

    def __str__(self) -> str:
        return f"peer:{self.peer_id}"


@dataclass(frozen=True, slots=True)
class OfTag:
    """`tag:NAME`: every peer with this tag."""

    tag: str

    def __str__(self) -> str:
        return f"tag:{self.tag}"


Selector = Anything | OfCidr | OfPeer | OfTag


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """From `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class AclRule:
    """`protocol` None: any. No `ports`: any."""

    source: Selector
    destination: Selector
    allows: bool
    protocol: Protocol | None = None
    ports: tuple[Ports, ...] = ()


@dataclass(frozen=True, slots=True)
class Acl:
    """A network's rules, in order; what none of them matches is allowed. `version` 0: none were ever set."""

    network_id: NetworkId
    version: int
    rules: tuple[AclRule, ...]

    def peer_ids(self) -> Mapping[PeerId, str]:
        """The peers that rules name, each with the field that names it first."""
        named: dict[PeerId, str] = {}
        for n, rule in enumerate(self.rules):
            for side, selector in (("source", rule.source), ("destination", rule.destination)):
                if isinstance(selector, OfPeer):
                    named.setdefault(selector.peer_id, f"rules[{n}].{side}")
        return named


def parse_selector(field: str, text: str) -> Selector:
    """Accept `*`, a CIDR, `peer:ID` or `tag:NAME`."""
    if text == "*":
        return Anything()
    kind, separator, value = text.partition(":")
    if separator and kind == "peer":
        if not PEER_ID.match(value):
            raise Invalid([(field, f"{value!r} is no peer's id. Write it like peer:dyn_01h….")])
        return OfPeer(PeerId(value))
    if separator and kind == "tag":
        return OfTag(parse_tag(field, value))
    if "/" not in text:
        raise Invalid([(field, f"{text!r} selects nothing: write *, a CIDR, peer:ID or tag:NAME.")])
    return OfCidr(parse_cidr(field, text))


def parse_ports(field: str, texts: Iterable[str], protocol: Protocol | None) -> tuple[Ports, ...]:
    """Accept ports and ranges such as `22` and `8000-8010`; only TCP and UDP have ports."""
    ports = tuple(_ports(f"{field}[{n}]", text) for n, text in enumerate(texts))
    if ports and protocol not in (Protocol.TCP, Protocol.UDP):
        raise Invalid([(field, "Ports go with protocol tcp or udp. Set the protocol, or leave ports out.")])
    if len(ports) > MOST_PORTS:
        raise Invalid([(field, f"At most {MOST_PORTS} ports and ranges in one rule.")])
    return ports


def _ports(field: str, text: str) -> Ports:
    found = PORTS.match(text)
    first = int(found[1]) if found else 0
    last = int(found[2] or found[1]) if found else 0
    if not 1 <= first <= last <= 65535:
        raise Invalid([(field, f"{text!r} is no port or range. Write it like 22 or 8000-8010.")])
    return Ports(first, last)
