"""Flows through a small network and what the firewall says of each: the console's own verdicts are held to them.

`python -m tests.domain.tunnel.verdicts` writes them anew.
"""

import json
import random
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from chalicelib.domain.network.acl import AclRule, Protocol, parse_ports, parse_selector
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.tunnel.firewall import Packet, firewall, permits
from tests.builders import a_network, a_peer

FILE = Path(__file__).with_suffix(".json")
NETWORKS = 40
FLOWS = 25  # of each network
TAGS = ("web", "db", "ops")
PORTS = (22, 443, 8000)


def cases() -> list[dict[str, Any]]:
    """Each: peers and rules as the API shows them, and flows with the verdict of a hub between their ends."""
    return [_case(random.Random(seed)) for seed in range(NETWORKS)]


def text() -> str:
    return json.dumps(cases(), separators=(",", ":")) + "\n"


def _case(chance: random.Random) -> dict[str, Any]:
    network = a_network("10.0.0.0/24")
    jumps = [
        a_peer(Kind.JUMP, number, behind=("192.168.0.0/16",) if chance.random() < 0.5 else ()) for number in (1, 2)
    ]
    others = [a_peer(chance.choice((Kind.DYNAMIC, Kind.STATIC)), number) for number in range(3, 9)]
    others[0] = replace(
        others[0], additional_allowed_ips=a_peer(Kind.STATIC, 3, behind=("192.168.7.0/24",)).additional_allowed_ips
    )
    peers = [
        *(replace(jump, blocked_by=("manual",) if chance.random() < 0.1 else ()) for jump in jumps),
        *(_drawn(peer, chance) for peer in others),
    ]
    rules = [_rule(peers, chance) for _ in range(chance.randrange(6))]
    policy = firewall(network, peers[0], peers, rules)
    addresses = [str(network.cidr[peer.index]) for peer in peers if peer.public_key]
    addresses += [address for address in ("192.168.1.9", "192.168.7.9") if _is_somebodys(peers, address)]
    flows = []
    for _ in range(FLOWS):
        source, destination = chance.sample(addresses, 2)
        protocol = chance.choice(tuple(Protocol))
        port = 0 if protocol is Protocol.ICMP else chance.choice(PORTS)
        is_allowed = permits(policy, Packet(ip_address(source), ip_address(destination), protocol, port), "through")
        flows.append([source, destination, str(protocol), port, is_allowed])
    return {
        "peers": [_shown(network.cidr[peer.index], peer) for peer in peers],
        "rules": [_written(rule) for rule in rules],
        "flows": flows,
    }


def _drawn(peer: Peer, chance: random.Random) -> Peer:
    return replace(
        peer,
        public_key=peer.public_key if chance.random() < 0.9 else None,
        blocked_by=("manual",) if chance.random() < 0.15 else (),
        is_isolated=chance.random() < 0.2,
        tags=tuple(sorted(chance.sample(TAGS, chance.randrange(3)))),
    )


def _rule(peers: list[Peer], chance: random.Random) -> AclRule:
    protocol = chance.choice((None, *Protocol))
    ports = chance.choice(([], ["22"], ["443", "8000-8010"])) if protocol in (Protocol.TCP, Protocol.UDP) else []
    source, destination = (
        parse_selector(
            "",
            chance.choice(
                ("*", "10.0.0.0/29", "192.168.0.0/20", f"tag:{chance.choice(TAGS)}", f"peer:{chance.choice(peers).id}")
            ),
        )
        for _ in range(2)
    )
    return AclRule(source, destination, chance.random() < 0.5, protocol, parse_ports("", ports, protocol))


def _is_somebodys(peers: list[Peer], address: str) -> bool:
    return any(ip_address(address) in cidr for peer in peers if peer.public_key for cidr in peer.additional_allowed_ips)


def _shown(address: Any, peer: Peer) -> dict[str, Any]:
    return {
        "id": peer.id,
        "kind": str(peer.kind),
        "address": str(address),
        "public_key": peer.public_key,
        "is_blocked": peer.is_blocked,
        "is_isolated": peer.is_isolated,
        "tags": list(peer.tags),
        "additional_allowed_ips": [str(cidr) for cidr in peer.additional_allowed_ips],
    }


def _written(rule: AclRule) -> dict[str, Any]:
    return {
        "source": str(rule.source),
        "destination": str(rule.destination),
        "protocol": rule.protocol and str(rule.protocol),
        "ports": [str(ports) for ports in rule.ports],
        "action": "allow" if rule.allows else "deny",
    }


if __name__ == "__main__":
    FILE.write_text(text())
