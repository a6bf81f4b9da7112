"""Real agents on hosts whose own network lies where the tunnel's prefixes do, on the deployed stack."""

from collections.abc import Iterator

import pytest

from infra.demo.agent import Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import Lab, Node
from tests.dataplane.fleets import a_fleet

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

ROUTED_S = 30.0
AROUND_THE_GATEWAY = "192.168.0.0/16"


@pytest.fixture
def fleet(capable_machine: None, deployment: Deployment) -> Iterator[Fleet]:
    with Lab() as lab:
        as_in_a_cloud(lab["site-a"])
        with a_fleet(lab, deployment) as raised:
            yield raised


def as_in_a_cloud(node: Node) -> None:
    """Its address is a /32, and its gateway, which is in no subnet, a route on the link."""
    node.run("ip", "address", "flush", "dev", "eth0")
    node.run("ip", "address", "add", "192.168.1.2/32", "dev", "eth0")
    node.run("ip", "route", "add", "192.168.1.1", "dev", "eth0", "proto", "dhcp", "scope", "link")
    node.run("ip", "route", "add", "default", "via", "192.168.1.1", "dev", "eth0", "proto", "dhcp")


def routes(agent: Agent, prefix: str) -> str:
    return agent.node.run("ip", "route", "show", prefix)


def test_a_host_keeps_its_gateway_and_its_own_routes_and_the_tunnel_has_all_else(fleet: Fleet) -> None:
    cloud, home = fleet.agents["site-a"], fleet.agents["site-b"]
    own, others = fleet.prefix(1), fleet.prefix(2)
    cloud.node.run("ip", "route", "add", own, "via", "192.168.1.1", "proto", "static", "metric", "50")

    fleet.create_static("lan", behind=[AROUND_THE_GATEWAY, own, others])
    until(lambda: "dev wy" in routes(cloud, others), "site-a has the route", ROUTED_S)
    until(lambda: "dev wy" in routes(home, own), "site-b has the route", ROUTED_S)

    assert ("dev wy" in routes(cloud, AROUND_THE_GATEWAY), "dev wy" in routes(home, AROUND_THE_GATEWAY)) == (True, True)
    assert "dev eth0" in cloud.node.run("ip", "route", "get", "192.168.1.1")
    assert routes(cloud, own).split()[:5] == [own, "via", "192.168.1.1", "dev", "eth0"]
    assert "dev wy" not in routes(cloud, own)
    assert [one.split()[0] for one in until(lambda: cloud.status().route_conflict, "it is told", ROUTED_S)] == [own]
    assert home.status().route_conflict == []
    assert cloud.node.reaches(home.peer.address)

    cloud.stop()
    cloud.node.run("ip", "link", "delete", cloud.wait_for_interface())
    assert routes(cloud, own).split()[:5] == [own, "via", "192.168.1.1", "dev", "eth0"]
