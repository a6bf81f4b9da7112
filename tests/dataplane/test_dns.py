"""Names through real tunnels: the network's own, and others' by a resolver on the simulated internet."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo.agent import Agent
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import Lab, Node
from tests.dataplane import dns_tool
from tests.dataplane.fleets import standing_fleet, standing_lab

__all__ = ["standing_fleet", "standing_lab"]  # fixtures
pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

OUTSIDE = "198.51.100.7"
ARRIVES_S = 30.0
SCRIPT = str(Path(dns_tool.__file__))


@pytest.fixture(scope="module")
def named(fleet: Fleet, lab: Lab) -> Iterator[Fleet]:
    """A fleet whose network asks the internet host for other names."""
    resolver = lab.internet.spawn_python(Path(SCRIPT), "serve", lab.internet_address, OUTSIDE)
    try:
        resolver.expect("up")
        fleet.api.set_resolvers(fleet.network.id, [lab.internet_address])
        until(lambda: asked(fleet, "example.com") == ("NOERROR", [OUTSIDE]), "the jump knows its resolver", ARRIVES_S)
        yield fleet
    finally:
        resolver.kill()


def asked(fleet: Fleet, name: str, kind: str = "A", way: str = "udp", by: Node | None = None) -> tuple[str, list[str]]:
    """What the jump answers a site, code and data."""
    asking = fleet.agents["site-a"].node if by is None else by
    told = json.loads(asking.run(sys.executable, "-I", SCRIPT, "ask", fleet.jump.peer.address, name, kind, way))
    return told["rcode"], told["texts"]


def full(fleet: Fleet, agent: Agent) -> str:
    return f"{agent.name}.{fleet.network.domain}"


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_peers_and_the_rest_of_the_world_have_names_through_the_tunnel(named: Fleet, way: str) -> None:
    site, other, jump = named.agents["site-a"], named.agents["site-b"], named.jump
    pointer = ".".join(reversed(other.peer.address.split("."))) + ".in-addr.arpa"

    answers = [asked(named, full(named, agent), way=way) for agent in (site, other, jump)]

    assert answers == [("NOERROR", [agent.peer.address]) for agent in (site, other, jump)]
    assert asked(named, pointer, "PTR", way) == ("NOERROR", [f"{full(named, other)}."])
    assert asked(named, f"nobody.{named.network.domain}", way=way) == ("NXDOMAIN", [])
    assert asked(named, "example.org", way=way) == ("NOERROR", [OUTSIDE])


def test_names_follow_the_network_and_outlive_its_interface(named: Fleet) -> None:
    jump, name = named.jump, f"printer.{named.network.domain}"
    assert asked(named, name) == ("NXDOMAIN", [])

    printer = named.create_static("printer")
    until(lambda: asked(named, name) == ("NOERROR", [printer.address]), "the new name is known", ARRIVES_S)
    jump.node.run("ip", "link", "delete", "dev", jump.wait_for_interface())
    named.delete(printer)  # the jump finds its interface gone when it is told, not a minute later

    until(lambda: asked(named, name) == ("NXDOMAIN", []), "the healed jump answers, and the name is gone", ARRIVES_S)


def test_outside_the_tunnel_the_jump_answers_nobody(named: Fleet, lab: Lab) -> None:
    """The internet host routes to the jump's address in the tunnel by the wire."""
    wan = str(lab.topology.public_address("jump"))
    lab.internet.run("ip", "route", "add", f"{named.jump.peer.address}/32", "via", wan)

    by_udp = asked(named, full(named, named.jump), by=lab.internet)
    by_tcp = asked(named, full(named, named.jump), way="tcp", by=lab.internet)

    assert by_udp[0] == "Timeout"
    assert by_tcp[0] in {"ConnectionResetError", "EOFError", "BrokenPipeError", "Timeout"}
