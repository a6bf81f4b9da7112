"""Rules and packets for a jump's table."""

from ipaddress import ip_address
from typing import Any

from agent.host.firewall.policy import parse
from chalicelib.wire.bundle import Exit, Firewall, Rule
from tests.agent.taps import TUNNEL, Address, Jump, Packet

A, B, C = (ip_address(f"10.0.0.{number}") for number in (12, 13, 14))
HUB = ip_address("10.0.0.1")
LAN_HOST, ROUTED_HOST = ip_address("192.168.77.9"), ip_address("172.21.0.9")
INTERNET = ip_address("198.51.100.7")
WIRE_ADDRESSES = {"203.0.113.10", "192.168.77.1", "2001:db8::10"}
DESTINATION_UNREACHABLE = 3
EXITS = [Exit(cidr="192.168.77.0/24", masquerade=True), Exit(cidr="172.21.0.0/16", masquerade=False)]


def a_rule(source: str | None = None, destination: str | None = None, action: Any = "allow", **fields: Any) -> Rule:
    return Rule(**{"protocol": None, "ports": [], **fields}, source=source, destination=destination, action=action)


def load(jump: Jump, *rules: Rule, exits: list[Exit] = EXITS, **members: list[Address]) -> None:
    """`A` and `B` are sets of themselves; the hub is itself and what lies behind it."""
    sets = {"a": [A], "b": [B], "hubs": [HUB], **members}
    texts = {name: [f"{address}/{address.max_prefixlen}" for address in found] for name, found in sets.items()}
    texts["hubs"] += [way.cidr for way in exits]
    jump.load(parse(Firewall(forward=True, sets=texts, rules=list(rules), exits=exits)))


def goes(jump: Jump, packet: Packet, came_by: str = TUNNEL, leaves_by: str = TUNNEL) -> bool:
    return jump.passes(packet, came_by, leaves_by)
