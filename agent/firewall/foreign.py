"""Other tables that keep peers from a jump, or from each other: Docker's, ufw's, firewalld's, the operator's own; pure.

Every table that hooks on forwarding has a say, whatever the agent's own accepts. Where the operator asks
for it, one marked rule in such a chain leads to a small chain that accepts the agent's interface; so
written, iptables can still read its tables.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

OWNERS = {"DOCKER": "Docker", "ufw": "ufw", "firewalld": "firewalld"}  # by how a chain or the table begins
Hook = Literal["forward", "input"]
FINAL = frozenset({"drop", "reject"})
FINAL_TARGETS = frozenset({"DROP", "REJECT"})


@dataclass(frozen=True, slots=True)
class Place:
    """A table, and its chain that judges what is forwarded, or what comes in."""

    family: str
    table: str
    chain: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """`is_closed`: what no rule accepts does not pass. `is_open_to_us`: a rule of the operator's accepts the
    agent's interface. `marked`: handles of the agent's own rules; `is_led`: they are just as they should be."""

    place: Place
    owner: str | None
    is_closed: bool
    is_open_to_us: bool
    marked: tuple[int, ...]
    has_chain: bool
    is_led: bool

    @property
    def forbids(self) -> bool:
        return self.is_closed and not self.is_open_to_us and not self.is_led

    @property
    def has_traces(self) -> bool:
        return bool(self.marked) or self.has_chain


def places(chains: str, families: frozenset[str], hook: Hook = "forward") -> tuple[Place, ...]:
    """Of `nft -j list chains`: where others judge what is forwarded, or what comes in."""
    found = [item["chain"] for item in json.loads(chains)["nftables"] if "chain" in item]
    others = [chain for chain in found if not chain["table"].startswith("wy")]
    return tuple(
        Place(chain["family"], chain["table"], chain["name"])
        for chain in others
        if chain.get("hook") == hook and chain.get("type") == "filter" and chain["family"] in families
    )


def foreign(place: Place, listing: str, interface: str) -> Foreign:
    """Of `nft -j -t list table`, what one such chain does to the agent's interface."""
    objects = json.loads(listing)["nftables"]
    chains = [item["chain"] for item in objects if "chain" in item]
    rules = [item["rule"] for item in objects if "rule" in item]
    base: Mapping[str, Any] = next((chain for chain in chains if chain["name"] == place.chain), {})
    here = [rule for rule in rules if rule["chain"] == place.chain]
    marked = tuple(rule["handle"] for rule in here if rule.get("comment") == mark(interface))
    own = [rule["expr"] for rule in rules if rule["chain"] == interface]
    has_chain = any(chain["name"] == interface for chain in chains)
    return Foreign(
        place=place,
        owner=_owner(place, chains),
        is_closed=_is_closed(base, here),
        is_open_to_us=any(_accepts(rule, interface) for rule in rules if rule["chain"] != interface),
        marked=marked,
        has_chain=has_chain,
        is_led=len(marked) == 1 and own == [_accepting("iifname", interface), _accepting("oifname", interface)],
    )


def shut(place: Place, listing: str, port: int) -> str | None:
    """Of `nft -j -t list table`: a sentence where one such chain drops what comes to a UDP port; None: it does not,
    as far as the rules say so themselves."""
    objects = json.loads(listing)["nftables"]
    chains = [item["chain"] for item in objects if "chain" in item]
    rules = [item["rule"] for item in objects if "rule" in item]
    base: Mapping[str, Any] = next((chain for chain in chains if chain["name"] == place.chain), {})
    here = [rule for rule in rules if rule["chain"] == place.chain]
    if not _is_closed(base, here) or any(_takes(rule, port) for rule in rules):
        return None
    owner = _owner(place, chains)
    how = f"ufw allow {port}/udp" if owner == "ufw" else f"accept UDP {port} there"
    return (
        f"chain {_named(place, owner)} drops what none of its rules accepts, and none names UDP port {port}, so peers"
        f" do not reach this jump: {how}"
    )


def mark(interface: str) -> str:
    return f"wirety:{interface}"


def opening(found: Foreign, interface: str) -> str:
    """One transaction that leaves just one marked rule, ahead of all others."""
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
    """One transaction that takes every trace away."""
    chain = {"chain": {"family": found.place.family, "table": found.place.table, "name": interface}}
    return _transaction(*_unmarking(found), *([{"flush": chain}, {"delete": chain}] if found.has_chain else []))


def sentence(found: Foreign, interface: str) -> str:
    """What is wrong, and what to do."""
    return (
        f"chain {_named(found.place, found.owner)} drops what none of its rules accepts, so packets of peers do not"
        f" pass this jump: run the agent with --manage-forward, or accept iifname and oifname {interface} there"
    )


def _transaction(*commands: Mapping[str, Any]) -> str:
    """As JSON, where any name of a table is one."""
    return json.dumps({"nftables": commands})


def _unmarking(found: Foreign) -> list[Mapping[str, Any]]:
    chain = {"family": found.place.family, "table": found.place.table, "chain": found.place.chain}
    return [{"delete": {"rule": {**chain, "handle": handle}}} for handle in found.marked]


def _owner(place: Place, chains: Iterable[Mapping[str, Any]]) -> str | None:
    names = [place.table, *(chain["name"] for chain in chains)]
    return next((owner for start, owner in OWNERS.items() if any(name.startswith(start) for name in names)), None)


def _named(place: Place, owner: str | None) -> str:
    return f"{place.chain} of table {place.family} {place.table}" + (f" ({owner})" if owner is not None else "")


def _is_closed(base: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> bool:
    return base.get("policy") == "drop" or (bool(rules) and _ends_all(rules[-1]))


def _takes(rule: Mapping[str, Any], port: int) -> bool:
    """Whether a rule accepts a UDP port, for some packets at least."""
    parts: Sequence[Mapping[str, Any]] = rule["expr"]
    payloads = [part["match"] for part in parts if "payload" in part.get("match", {}).get("left", {})]
    ports = [match["right"] for match in payloads if match["left"]["payload"].get("field") == "dport"]
    protocols = {match["left"]["payload"]["protocol"] for match in payloads}
    is_udp = bool(protocols & {"udp", "th"})
    return any("accept" in part for part in parts) and is_udp and any(_holds(right, port) for right in ports)


def _holds(right: Any, port: int) -> bool:
    """Whether the right side of a match holds a port: a number, a range, or a set of them."""
    if isinstance(right, dict) and "range" in right:
        first, last = right["range"]
        return bool(first <= port <= last)
    if isinstance(right, dict) and "set" in right:
        return any(_holds(member, port) for member in right["set"])
    return bool(right == port)


def _ends_all(rule: Mapping[str, Any]) -> bool:
    """Whether nothing gets past a rule: it has no condition, and drops or rejects."""
    conditions = [part for part in rule["expr"] if "match" in part or part.get("xt", {}).get("type") == "match"]
    verdicts = [part for part in rule["expr"] if part.keys() & FINAL or part.get("xt", {}).get("name") in FINAL_TARGETS]
    return not conditions and bool(verdicts)


def _accepts(rule: Mapping[str, Any], interface: str) -> bool:
    parts: Sequence[Mapping[str, Any]] = rule["expr"]
    names = {str(part["match"]["right"]) for part in parts if _is_about_input(part)}
    return any("accept" in part for part in parts) and any(_covers(name, interface) for name in names)


def _is_about_input(part: Mapping[str, Any]) -> bool:
    match = part.get("match", {})
    return bool(match.get("op") == "==" and match.get("left") == {"meta": {"key": "iifname"}})


def _covers(name: str, interface: str) -> bool:
    return name == interface or (name.endswith("*") and interface.startswith(name[:-1]))


def _accepting(key: str, interface: str) -> list[dict[str, Any]]:
    return [{"match": {"op": "==", "left": {"meta": {"key": key}}, "right": interface}}, {"accept": None}]
