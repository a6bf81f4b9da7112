"""What chains of others do to the first packet of a flow, as far as their rules say so; pure.

Read from `nft -j -t list table`. What a rule asks may be unknown here: a match of iptables that nft shows by name
alone, elements of a set, a mark. A rule drops the packet only where all it asks is surely so; it lets it pass also
where something is unknown, if it names the packet's port or the agent's interface.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import Any, NamedTuple

from agent.host.prefixes import Prefix, contains

Truth = bool | None  # None: it cannot be known here
DROPS = frozenset({"drop", "reject"})
DROPPING_TARGETS = frozenset({"DROP", "REJECT"})  # of iptables, where nft has no word for them
ABOUT_PORTS = frozenset({"multiport", "udp", "tcp", "set"})  # matches of iptables
NUMBERS = {6: "tcp", 17: "udp"}
VERSIONS = {"ipv4": 4, "ip": 4, "ipv6": 6, "ip6": 6}
DEEPEST = 16  # jumps within jumps, which nft refuses beyond


@dataclass(frozen=True, slots=True)
class Packet:
    """`came_by`, `leaves_by`: the agent's interface; None: another one of the host. `source`, `destination`:
    somewhere in there; None: anywhere. `protocol`, `port`: None: any."""

    came_by: str | None
    leaves_by: str | None = None
    source: Prefix | None = None
    destination: Prefix | None = None
    protocol: str | None = None
    port: int | None = None

    @property
    def version(self) -> int | None:
        return self.source.version if self.source is not None else None


class Fate(NamedTuple):
    """`chain`: where it was decided. `is_by_rule`: not by what a chain does to all that is left."""

    passes: bool
    is_specific: bool
    chain: str
    is_by_rule: bool


class Condition(NamedTuple):
    """Whether one match of a rule holds. `is_specific`: it names the packet's port, or the agent's interface."""

    truth: Truth
    is_specific: bool = False


NO_MATCH = Condition(truth=False)


@dataclass(frozen=True, slots=True)
class Chains:
    """The chains of one table. `policies`: of chains with a hook. `rules`: by chain, in their order."""

    policies: Mapping[str, str]
    rules: Mapping[str, Sequence[Mapping[str, Any]]]

    def fate(self, base: str, packet: Packet) -> Fate:
        decided = self._decided(base, packet, DEEPEST)
        is_open = self.policies.get(base) != "drop"
        return decided or Fate(passes=is_open, is_specific=False, chain=base, is_by_rule=False)

    def _decided(self, chain: str, packet: Packet, deep: int) -> Fate | None:
        """What the rules of a chain decide; None: the packet goes on in the chain that jumped here."""
        for rule in self.rules.get(chain, ()):
            for conditions, verdict in _ways(rule["expr"], packet):
                if any(condition.truth is False for condition in conditions):
                    continue
                is_sure = all(condition.truth for condition in conditions)
                is_specific = any(condition.is_specific for condition in conditions)
                if verdict == "return" and is_sure:
                    return None
                if verdict in DROPS and is_sure:
                    return Fate(passes=False, is_specific=is_specific, chain=chain, is_by_rule=bool(conditions))
                if verdict == "accept" and (is_sure or is_specific):
                    return Fate(passes=True, is_specific=is_specific, chain=chain, is_by_rule=True)
                if isinstance(verdict, Led) and deep:
                    inner = self._decided(verdict.target, packet, deep - 1)
                    if inner is not None and (is_sure or (inner.passes and (is_specific or inner.is_specific))):
                        return inner
                    if verdict.is_for_good and is_sure:
                        return None
        return None


class Led(NamedTuple):
    target: str
    is_for_good: bool


Verdict = str | Led | None


def _ways(parts: Sequence[Mapping[str, Any]], packet: Packet) -> Iterable[tuple[list[Condition], Verdict]]:
    """What a rule asks, and what it does then; a verdict map does several things."""
    conditions: list[Condition] = []
    for part in parts:
        if "match" in part:
            match = part["match"]
            conditions.append(_condition(match["left"], match["op"], match["right"], packet))
        elif "limit" in part or part.get("xt", {}).get("type") == "match":
            conditions.append(Condition(None, part.get("xt", {}).get("name") in ABOUT_PORTS))
        elif "vmap" in part:
            data = part["vmap"]["data"]
            for key, does in data["set"] if isinstance(data, dict) else ():
                yield [*conditions, _condition(part["vmap"]["key"], "==", key, packet)], _verdict(does)
        elif (verdict := _verdict(part)) is not None:
            yield conditions, verdict


def _verdict(part: Mapping[str, Any]) -> Verdict:
    for word in ("accept", "return", *DROPS):
        if word in part:
            return word
    if part.get("xt", {}).get("type") == "target" and part["xt"].get("name") in DROPPING_TARGETS:
        return "drop"
    for word in ("jump", "goto"):
        if word in part:
            return Led(part[word]["target"], is_for_good=word == "goto")
    return None


def _condition(left: Any, op: str, right: Any, packet: Packet) -> Condition:
    values = _values(right)
    if not isinstance(left, dict):
        return Condition(None)
    payload, meta = left.get("payload", {}), left.get("meta", {}).get("key")
    if meta in ("iifname", "iif", "oifname", "oif"):
        name = packet.came_by if meta.startswith("iif") else packet.leaves_by
        truth = _told(op, _any(_is_interface(value, name) for value in values))
        return Condition(truth, is_specific=truth is True and name is not None and op != "!=")
    if "field" in payload:
        return _of_header(payload["protocol"], payload["field"], op, values, packet)
    if meta == "l4proto":
        return Condition(_told(op, _any(_is_protocol(value, packet.protocol) for value in values)))
    if meta in ("nfproto", "protocol"):
        known = packet.version is not None
        return Condition(_told(op, any(VERSIONS.get(value) == packet.version for value in values)) if known else None)
    if left.get("ct", {}).get("key") == "state":
        return Condition(_told(op, "new" in values))
    return Condition(None)


def _of_header(protocol: str, name: str, op: str, values: Sequence[Any], packet: Packet) -> Condition:
    """Whether a header field matches; one that the packet does not have never does, whatever the operator."""
    if protocol in ("ip", "ip6"):
        if packet.version is not None and VERSIONS[protocol] != packet.version:
            return NO_MATCH
        if name in ("saddr", "daddr"):
            where = packet.source if name == "saddr" else packet.destination
            return Condition(_told(op, _any(_is_within(where, value) for value in values)))
        is_protocol = name in ("protocol", "nexthdr")
        return Condition(
            _told(op, _any(_is_protocol(value, packet.protocol) for value in values)) if is_protocol else None
        )
    if protocol != "th" and packet.protocol is not None and protocol != packet.protocol:
        return NO_MATCH
    if name != "dport":
        return Condition(None)
    truth = _told(op, _any(_is_port(value, packet.port) for value in values))
    return Condition(truth, is_specific=truth is not False and op != "!=")


def _told(op: str, truth: Truth) -> Truth:
    return truth if op != "!=" or truth is None else not truth


def _any(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    return True if True in found else None if None in found else False


def _values(right: Any) -> Sequence[Any]:
    """The single values of an anonymous set, of a list of flags, or of one value. A named set stays its name."""
    if isinstance(right, dict) and "set" in right:
        return list(right["set"])
    return right if isinstance(right, list) else [right]


def _is_interface(value: Any, name: str | None) -> Truth:
    """Whether a match names that interface. `name` None: one that is neither the loopback nor an agent's."""
    if not isinstance(value, str) or value.startswith("@"):
        return None
    if name is None:
        return False if value == "lo" or value.startswith("wy") else None
    return value == name or (value.endswith("*") and name.startswith(value[:-1]))


def _is_protocol(value: Any, protocol: str | None) -> Truth:
    if protocol is None or (isinstance(value, str) and value.startswith("@")):
        return None
    return bool(NUMBERS.get(value, value) == protocol)


def _is_port(value: Any, port: int | None) -> Truth:
    if port is None or (isinstance(value, str) and value.startswith("@")):
        return None
    if isinstance(value, dict) and "range" in value:
        first, last = value["range"]
        return bool(first <= port <= last)
    return bool(value == port)


def _is_within(where: Prefix | None, value: Any) -> Truth:
    """Whether all of `where` lies in the prefixes; None: only a part of it does, or that cannot be told."""
    asked = _prefixes(value)
    if where is None or asked is None:
        return None
    if any(contains(prefix, where) for prefix in asked):
        return True
    return None if any(contains(where, prefix) for prefix in asked) else False


def _prefixes(value: Any) -> Sequence[Prefix] | None:
    try:
        if isinstance(value, dict) and "prefix" in value:
            return [ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}", strict=False)]
        if isinstance(value, dict) and "range" in value:
            return list(summarize_address_range(*map(ip_address, value["range"])))
        return [ip_network(value)]
    except (TypeError, ValueError):
        return None
