"""A jump whose network changes by the thousand costs a flow between two other peers no packet."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.wire.bundle import Bundle, BundlePeer, Exit, Firewall, Rule
from chalicelib.wire.codec import encode
from infra.local.demo.patience import until
from infra.local.lab import Lab, Node, Process
from infra.local.lab.probe import probe
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.dataplane import applier

pytestmark = [pytest.mark.dataplane, pytest.mark.root]

ROOT = Path(__file__).parents[2]
INTERFACE = "wy00000001"
PORT = 51820
HUB = "10.9.0.1/16"
SITES = {"site-a": "10.9.0.2", "site-b": "10.9.0.3"}
MANY = 1000


@dataclass
class Churn:
    """The jump's agent, fed with bundles instead of a control plane."""

    lab: Lab
    process: Process

    def apply(self, bundle: Bundle) -> dict[str, Any]:
        assert self.process.entry.stdin is not None
        assert self.process.entry.stdout is not None
        self.process.entry.stdin.write(encode(bundle).decode() + "\n")
        self.process.entry.stdin.flush()
        made: dict[str, Any] = json.loads(self.process.entry.stdout.readline())
        print(made)
        return made


@pytest.fixture
def churn(lab: Lab) -> Iterator[Churn]:
    jump = lab["jump"]
    command = (
        "env",
        f"PYTHONPATH={ROOT}",
        f"PATH={os.environ['PATH']}:/usr/sbin:/sbin",
        sys.executable,
        applier.__file__,
    )
    process = jump.spawn_piped(*command, INTERFACE)
    assert process.entry.stdin is not None
    process.entry.stdin.write(a_private_key("hub") + "\n")
    process.entry.stdin.flush()
    process.expect("up")
    made = Churn(lab, process)
    made.apply(a_network())
    for name, address in SITES.items():
        join(lab[name], name, address, str(lab.topology.public_address("jump")))
    until(lambda: lab["site-a"].reaches(SITES["site-b"]), "both sites reach each other", 30)
    yield made
    process.kill()


def join(node: Node, name: str, address: str, hub: str) -> None:
    if node.attempt("ip", "link", "add", "wg0", "type", "wireguard").returncode:
        node.run("wireguard-go", "wg0")
    peer = ("peer", a_public_key("hub"), "endpoint", f"{hub}:{PORT}", "allowed-ips", "10.9.0.0/16")
    key = a_private_key(name)
    node.run("wg", "set", "wg0", "private-key", "/dev/stdin", *peer, "persistent-keepalive", "25", stdin=key)
    node.run("ip", "address", "add", f"{address}/16", "dev", "wg0")
    node.run("ip", "link", "set", "wg0", "up")


def a_network(others: range = range(0), moved: frozenset[int] = frozenset(), **rules: Any) -> Bundle:
    """The two sites, and `others` as peers with a tag; the `moved` have another address."""
    peers: list[BundlePeer] = [a_peer(name, [f"{address}/32"]) for name, address in SITES.items()]
    addresses = {n: f"10.9.{(100 if n in moved else 10) + n // 250}.{n % 250}/32" for n in others}
    peers += [a_peer(f"peer{n}", [address]) for n, address in addresses.items()]
    firewall = Firewall(
        forward=True,
        sets={"hubs": ["10.9.0.1/32"], "isolated": sorted(addresses.values()), "tag:many": sorted(addresses.values())},
        exits=[Exit(cidr="192.168.50.0/24", masquerade=True)],
        **rules,
    )
    return a_bundle(peers=peers, addresses=[HUB], listen_port=PORT, firewall=firewall)


def test_a_thousand_more_ten_changed_a_thousand_fewer_and_new_rules_lose_no_packet(churn: Churn) -> None:
    a, b = churn.lab["site-a"], churn.lab["site-b"]
    rule = Rule(source=None, destination="tag:many", protocol="tcp", ports=[(22, 22)], action="deny")
    with probe(a, b, SITES["site-b"], interval_ms=1.0, at_least=2000) as flow:
        churn.apply(a_network(range(MANY)))
        churn.apply(a_network(range(MANY), moved=frozenset(range(10))))
        churn.apply(a_network(range(MANY), moved=frozenset(range(10)), rules=[rule]))
        churn.apply(a_network(rules=[rule]))
        churn.apply(a_network())
        delivery = flow.finish()

    print(delivery)
    assert delivery.sent >= 2000
    assert delivery.lost == 0
