"""The ACL seen three ways, as lines of an nftables chain; pure.

By a packet's own header; by its header turned round, when it may be a reply; and by the flow that an
ICMP error is about. Each line accepts, or returns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.host.firewall.nftables import FAMILIES
from agent.host.firewall.policy import Rule

ICMP = "{ 1, 58 }"  # of IPv4 and IPv6, by number: nft has the second one's name of /etc/protocols, which hosts may lack


@dataclass(frozen=True, slots=True)
class View:
    """How a rule's source and destination are looked for in a packet; `port` None: nowhere."""

    source: Mapping[int, str]
    destination: Mapping[int, str]
    protocol: str
    port: str | None


def _by(prefix: str, field_name: str) -> Mapping[int, str]:
    return {version: f"{prefix}{family} {field_name}" for version, family in FAMILIES.items()}


OWN = View(_by("", "saddr"), _by("", "daddr"), "meta l4proto", "dport")
REPLY = View(_by("", "daddr"), _by("", "saddr"), "meta l4proto", "sport")
# nft 1.0.6 cannot match `ct original proto-dst` without the packet's own protocol: errors have no ports.
ERROR = View(_by("ct original ", "saddr"), _by("ct original ", "daddr"), "ct protocol", None)


def lines_of(rule: Rule, view: View, names: Mapping[str, str]) -> list[str]:
    """The lines of one rule: one for each IP version, or a single one where the rule names nobody."""
    if rule.ports and view.port is None and not rule.allows:
        return []  # of these ends other ports may be allowed, and an error tells nobody anything
    words = [_service(rule, view), "accept" if rule.allows else "return"]
    if rule.source is None and rule.destination is None:
        return [" ".join(filter(None, words))]
    return [" ".join(filter(None, [*_ends(rule, view, version, names), *words])) for version in FAMILIES]


def _ends(rule: Rule, view: View, version: int, names: Mapping[str, str]) -> Iterable[str]:
    for name, field_name in ((rule.source, view.source[version]), (rule.destination, view.destination[version])):
        if name is not None:
            yield f"{field_name} @{names[name]}v{version}"


def _service(rule: Rule, view: View) -> str:
    if rule.protocol is None:
        return ""
    if rule.protocol == "icmp":
        return f"{view.protocol} {ICMP}"
    if not rule.ports or view.port is None:
        return f"{view.protocol} {rule.protocol}"
    ports = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in rule.ports)
    return f"{rule.protocol} {view.port} {{ {ports} }}"
