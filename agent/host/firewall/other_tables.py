"""Other tables that keep peers from a jump, or from each other: Docker's, ufw's, firewalld's, the operator's own; pure.

Every table that hooks on forwarding has a say, whatever the agent's own accepts. Where the operator asks
for it, one marked rule in such a chain leads to a small chain that accepts the agent's interface; so
written, iptables can still read its tables.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.host.firewall.judging import Chains, Packet
from agent.host.prefixes import Prefix

OWNERS = {"DOCKER": "Docker", "ufw": "ufw", "firewalld": "firewalld"}  # by how a chain or the table begins
Hook = Literal["forward", "input"]
DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Place:
    """A table, and its chain that judges what is forwarded, or what comes in."""

    family: str
    table: str
    chain: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """`is_closed`: without the agent's own rules, packets between peers do not pass. `marked`: handles of the agent's
    own rules; `is_led`: they are just as they should be."""

    place: Place
    owner: str | None
    is_closed: bool
    marked: tuple[int, ...]
    has_chain: bool
    is_led: bool

    @property
    def forbids(self) -> bool:
        return self.is_closed and not self.is_led

    @property
    def has_traces(self) -> bool:
        return bool(self.marked) or self.has_chain


def places(chains: str, families: frozenset[str], hook: Hook = "forward") -> tuple[Place, ...]:
    """Read from `nft -j list chains` the filter chains of others at a hook."""
    found = [item["chain"] for item in json.loads(chains)["nftables"] if "chain" in item]
    others = [chain for chain in found if not chain["table"].startswith("wy")]
    return tuple(
        Place(chain["family"], chain["table"], chain["name"])
        for chain in others
        if chain.get("hook") == hook and chain.get("type") == "filter" and chain["family"] in families
    )


def foreign(place: Place, listing: str, interface: str, networks: Collection[Prefix]) -> Foreign:
    """Read from `nft -j -t list table` what one such chain does to packets between peers of these networks."""
    objects = json.loads(listing)["nftables"]
    rules = [item["rule"] for item in objects if "rule" in item]
    marked = tuple(rule["handle"] for rule in rules if rule["chain"] == place.chain and _is_marked(rule, interface))
    own = [rule["expr"] for rule in rules if rule["chain"] == interface]
    others = _chains(objects, [rule for rule in rules if not _is_marked(rule, interface)])
    between = [Packet(interface, interface, network, network) for network in _of_family(place, networks)]
    return Foreign(
        place=place,
        owner=_owner(place, objects),
        is_closed=not all(others.fate(place.chain, packet).passes for packet in between),
        marked=marked,
        has_chain=any(item["chain"]["name"] == interface for item in objects if "chain" in item),
        is_led=len(marked) == 1 and own == [_accepting("iifname", interface), _accepting("oifname", interface)],
    )


def shut(place: Place, listing: str, port: int) -> str | None:
    """Explain that a chain drops what comes from outside to a UDP port, and how to accept it.

    Args:
        listing: as `nft -j -t list table` prints it.

    Returns:
        One sentence; None: the chain does not drop it, as far as its rules can be read.
    """
    objects = json.loads(listing)["nftables"]
    fate = _chains(objects).fate(place.chain, Packet(came_by=None, protocol="udp", port=port))
    if fate.passes:
        return None
    owner = _owner(place, objects)
    how = {
        "ufw": f"ufw allow {port}/udp",
        "firewalld": f"firewall-cmd --permanent --add-port={port}/udp && firewall-cmd --reload",
    }.get(owner or "", f"accept UDP {port} there")
    what = f"what comes to UDP port {port}" if fate.is_by_rule else "what none of its rules accepts"
    named = "" if fate.is_by_rule else f", and none names UDP port {port}"
    return f"chain {_named(place, owner, fate.chain)} drops {what}{named}, so peers do not reach this jump: {how}"


def deaf(place: Place, listing: str, interface: str, networks: Collection[Prefix]) -> str | None:
    """Explain that a chain drops the DNS queries of peers to this jump, and how to accept them; None: it does not."""
    objects = json.loads(listing)["nftables"]
    chains = _chains(objects)
    asked = {
        protocol: [
            Packet(interface, None, network, None, protocol, DNS_PORT) for network in _of_family(place, networks)
        ]
        for protocol in ("udp", "tcp")
    }
    fates = [(name, chains.fate(place.chain, packet)) for name, packets in asked.items() for packet in packets]
    dropped = {name.upper(): fate for name, fate in fates if not fate.passes}
    if not dropped:
        return None
    owner, (fate, *_) = _owner(place, objects), dropped.values()
    how = {
        "ufw": f"ufw allow in on {interface} to any port {DNS_PORT}",
        "firewalld": f"firewall-cmd --permanent --zone=trusted --add-interface={interface} && firewall-cmd --reload",
    }.get(owner or "", f"accept UDP and TCP {DNS_PORT} from {interface} there")
    return (
        f"chain {_named(place, owner, fate.chain)} drops {' and '.join(dropped)} port {DNS_PORT} from {interface}, so"
        f" peers get no names from this jump (--manage-forward does not open this): {how}"
    )


def _chains(objects: Iterable[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]] | None = None) -> Chains:
    """The chains of a listed table. `rules`: the only ones to judge by; None: all of the table."""
    found = [item["rule"] for item in objects if "rule" in item] if rules is None else rules
    by_chain: dict[str, list[Mapping[str, Any]]] = {}
    for rule in found:
        by_chain.setdefault(rule["chain"], []).append(rule)
    policies = {item["chain"]["name"]: item["chain"].get("policy", "accept") for item in objects if "chain" in item}
    return Chains(policies, by_chain)


def _of_family(place: Place, networks: Collection[Prefix]) -> Sequence[Prefix | None]:
    """The networks of the IP versions whose packets the table sees."""
    version = {"ip": 4, "ip6": 6}.get(place.family)
    return [network for network in networks if version in (None, network.version)]


def _is_marked(rule: Mapping[str, Any], interface: str) -> bool:
    return bool(rule.get("comment") == mark(interface))


def mark(interface: str) -> str:
    return f"wirety:{interface}"


def opening(found: Foreign, interface: str) -> str:
    """Write the transaction after which one marked rule stands ahead of all others."""
    here = {"family": found.place.family, "table": found.place.table}
    own = {**here, "chain": interface}
    jump = {"expr": [{"jump": {"target": interface}}], "comment": mark(interface)}
    return _transaction(
        *_unmarking(found),
        {"add": {"chain": {**here, "name": interface}}},
        {"flush": {"chain": {**here, "name": interface}}},
        *({"add": {"rule": {**own, "expr": _accepting(key, interface)}}} for key in ("iifname", "oifname")),
        {"insert": {"rule": {**here, "chain": found.place.chain, **jump}}},
    )


def closing(found: Foreign, interface: str) -> str:
    """Write the transaction that removes every marked rule and the small chain."""
    chain = {"chain": {"family": found.place.family, "table": found.place.table, "name": interface}}
    return _transaction(*_unmarking(found), *([{"flush": chain}, {"delete": chain}] if found.has_chain else []))


def sentence(found: Foreign, interface: str) -> str:
    """Say what is wrong and what to do."""
    return (
        f"chain {_named(found.place, found.owner)} drops packets of peers, so they do not"
        f" pass this host: run the agent with --manage-forward, or accept iifname and oifname {interface} there"
    )


def _transaction(*commands: Mapping[str, Any]) -> str:
    """A transaction as JSON, in which a table may have any name."""
    return json.dumps({"nftables": commands})


def _unmarking(found: Foreign) -> list[Mapping[str, Any]]:
    chain = {"family": found.place.family, "table": found.place.table, "chain": found.place.chain}
    return [{"delete": {"rule": {**chain, "handle": handle}}} for handle in found.marked]


def _owner(place: Place, objects: Iterable[Mapping[str, Any]]) -> str | None:
    names = [place.table, *(item["chain"]["name"] for item in objects if "chain" in item)]
    return next((owner for start, owner in OWNERS.items() if any(name.startswith(start) for name in names)), None)


def _named(place: Place, owner: str | None, chain: str | None = None) -> str:
    said = f" ({owner})" if owner is not None else ""
    return f"{chain or place.chain} of table {place.family} {place.table}{said}"


def _accepting(key: str, interface: str) -> list[dict[str, Any]]:
    return [{"match": {"op": "==", "left": {"meta": {"key": key}}, "right": interface}}, {"accept": None}]
