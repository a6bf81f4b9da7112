"""A jump with a LAN behind it, sites, and what they exchange."""

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface

from chalicelib.wire.networks import AclRule
from chalicelib.wire.peers import PatchPeer
from infra.demo.agent import Agent
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import TWO_SITES, Node, NodeSpec, Port
from tests.dataplane.downloads import SCRIPT

ARRIVES_S = 60.0
WEB, OTHER = 8080, 8081

LAN, LAN_HOST, LAN_HUB = "192.168.50.0/24", "192.168.50.9", "192.168.50.1"
UNDECLARED, METADATA, INTERNET = "192.168.60.9", "169.254.169.254", "203.0.113.1"
FORBIDDING = "table ip filter {\n chain FORWARD { type filter hook forward priority filter; policy drop; }\n}\n"

# The jump has a LAN behind it, and in that LAN addresses that nobody declares: another network's, and what
# a cloud's metadata service has.
BEHIND_THE_JUMP = Port("eth1", "lan-j", (IPv4Interface(f"{LAN_HUB}/24"), IPv4Interface("192.168.60.1/24")))
TOPOLOGY = replace(
    TWO_SITES,
    nodes=(
        *(
            replace(node, ports=(*node.ports, BEHIND_THE_JUMP)) if node.name == "jump" else node
            for node in TWO_SITES.nodes
        ),
        NodeSpec(
            "lan",
            (
                Port(
                    "eth0", "lan-j", tuple(map(IPv4Interface, (f"{LAN_HOST}/24", f"{UNDECLARED}/24", f"{METADATA}/32")))
                ),
            ),
            gateways=(IPv4Address(LAN_HUB),),
        ),
    ),
)


@dataclass
class Scene:
    """A fleet that all tests share; each leaves it without rules, blocks and isolation."""

    fleet: Fleet

    @property
    def jump(self) -> Agent:
        return self.fleet.jump

    @property
    def a(self) -> Agent:
        return self.fleet.agents["site-a"]

    @property
    def b(self) -> Agent:
        return self.fleet.agents["site-b"]

    def node(self, name: str) -> Node:
        return self.fleet.lab[name]

    def settle(self, *agents: Agent) -> None:
        """Wait until the jump, and who else is named, run what was changed last."""
        revision = self.fleet.api.network(self.fleet.network.id).revision
        for agent in (self.jump, *agents):
            until(lambda agent=agent: agent.status().revision_applied >= revision, f"{agent.name} is there", ARRIVES_S)  # type: ignore[misc]

    def change(self, agent: Agent, changes: PatchPeer) -> None:
        self.fleet.api.change_peer(self.fleet.network.id, agent.peer.id, changes)
        self.settle()

    def rules(self, *rules: AclRule) -> None:
        self.fleet.api.put_acl(self.fleet.network.id, rules)
        self.settle()

    def peer(self, agent: Agent) -> str:
        return f"peer:{agent.peer.id}"

    @contextlib.contextmanager
    def isolated(self, agent: Agent) -> Iterator[None]:
        self.change(agent, PatchPeer(is_isolated=True))
        try:
            yield
        finally:
            self.change(agent, PatchPeer(is_isolated=False))
            self.settle(agent)

    @contextlib.contextmanager
    def cheating(self, agent: Agent, *destinations: str) -> Iterator[None]:
        """Its user sends everything into the tunnel, whatever the agent made; the agent does not look meanwhile."""
        agent.stop()
        ((name, interface),) = agent.node.wg().items()
        (hub,) = interface.peers
        agent.node.run("wg", "set", name, "peer", hub, "allowed-ips", "0.0.0.0/0")
        for destination in destinations:
            agent.node.run("ip", "route", "replace", destination, "dev", name)
        try:
            yield
        finally:
            for destination in destinations:
                agent.node.attempt("ip", "route", "delete", destination, "dev", name)
            agent.start()
            self.fleet.wait_online([agent])


def source_at(node: Node, address: str, port: int = WEB) -> str | None:
    """By which address a server sees the node; None: it does not answer."""
    done = node.attempt(sys.executable, "-I", str(SCRIPT), "ask", address, str(port))
    return done.stdout.strip() if done.returncode == 0 else None


def members(node: Node, name: str) -> set[str]:
    """Of a set of the policy, as the kernel has it."""
    shown = json.loads(node.run("nft", "-j", "list", "sets"))["nftables"]
    sets = [item["set"] for item in shown if "set" in item and item["set"].get("comment") == name]
    assert sets
    return {str(element) for found in sets for element in found.get("elem", ())}
