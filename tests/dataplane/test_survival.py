"""Tunnels whose control plane is out of reach: agents restart, hosts boot and roam, peers are deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from infra.demo.agent import Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab.probe import probe
from tests.dataplane.fleets import Outage, has_route, loses_power, out_of_reach, standing_fleet, standing_lab

__all__ = ["standing_fleet", "standing_lab"]  # fixtures; the last test deletes the sites
pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

EXIT_PEER_DELETED = 3
HEALS_S = 150.0
CATCHES_UP_S = 120.0
ROAMED_TO = "203.0.113.31"


@pytest.fixture
def port(deployment: Deployment) -> int:
    return deployment.port


@contextmanager
def out_of_reach_with_a_change(fleet: Fleet, port: int, number: int, outage: Outage = Outage.REFUSED) -> Iterator[None]:
    """And a change is made meanwhile, which every agent has once the control plane is back."""
    prefix = fleet.prefix(number)
    with out_of_reach(fleet, port, outage):
        fleet.create_static(f"router-{number}", [prefix])
        yield
        assert not any(has_route(agent, prefix) for agent in fleet.agents.values())
    for agent in fleet.agents.values():
        until(partial(has_route, agent, prefix), f"{agent.name} has caught up", CATCHES_UP_S)


def reaches(source: Agent, target: Agent) -> bool:
    return source.node.reaches(target.peer.address, timeout_s=1)


def seen_from(jump: Agent, site: Agent) -> str | None:
    """The address from which the site's packets come."""
    (own,), (wg,) = site.node.wg().values(), jump.node.wg().values()
    endpoint = wg.peers[own.public_key].endpoint
    return None if endpoint is None else endpoint.rpartition(":")[0]


def test_an_agent_that_restarts_loses_no_packet(fleet: Fleet, port: int) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    with out_of_reach_with_a_change(fleet, port, 0):
        with probe(site.node, other.node, other.peer.address, at_least=100) as flow:
            code = site.stop()
            process = site.start()
            until(lambda: site.status().is_running, "the agent runs again", HEALS_S)
            delivery = flow.finish()
        is_connected, is_running = site.status().is_connected, process.is_running

    assert code == 0
    assert (is_connected, is_running) == (False, True)
    assert delivery.lost == 0


@pytest.mark.parametrize(
    ("name", "number", "outage"),
    [("site-a", 1, Outage.REFUSED), ("jump", 2, Outage.REFUSED), ("jump", 4, Outage.CUT_AND_DROPPED)],
)
def test_a_host_that_lost_power_has_its_tunnel_again(
    fleet: Fleet, port: int, name: str, number: int, outage: Outage
) -> None:
    site, other, victim = fleet.agents["site-a"], fleet.agents["site-b"], fleet.agents[name]
    with out_of_reach_with_a_change(fleet, port, number, outage):
        loses_power(victim)
        was_reached = reaches(site, other)
        victim.start()
        until(lambda: reaches(site, other) and reaches(other, site), "the sites reach each other again", HEALS_S)

    assert not was_reached


def test_a_site_whose_public_address_changes_is_reached_at_the_other(fleet: Fleet, port: int) -> None:
    site, other, router = fleet.agents["site-a"], fleet.agents["site-b"], fleet.lab["router-a"]
    before = seen_from(fleet.jump, site)
    with out_of_reach_with_a_change(fleet, port, 3):
        router.run("ip", "address", "delete", f"{before}/24", "dev", "eth0")
        router.run("ip", "address", "add", f"{ROAMED_TO}/24", "dev", "eth0")
        router.run("ip", "route", "replace", "default", "via", fleet.lab.internet_address)
        until(lambda: reaches(site, other) and reaches(other, site), "the sites reach each other again", HEALS_S)
        after = seen_from(fleet.jump, site)

    assert before == str(fleet.lab.topology.public_address(site.name))
    assert after == ROAMED_TO


def test_peers_that_are_deleted_keep_their_tunnels_until_they_hear_of_it(fleet: Fleet, port: int) -> None:
    running, restarted = fleet.agents["site-a"], fleet.agents["site-b"]
    with out_of_reach(fleet, port):
        restarted.stop()
        for site in (running, restarted):
            fleet.delete(site.peer)
        restarted.start()
        until(lambda: restarted.status().is_running, "the agent runs again", HEALS_S)
        reached = [reaches(running, restarted), reaches(restarted, running)]
    codes = [site.process.wait(CATCHES_UP_S) for site in (running, restarted) if site.process]
    (wg,) = fleet.jump.node.wg().values()

    assert reached == [True, True]
    assert codes == [EXIT_PEER_DELETED, EXIT_PEER_DELETED]
    assert [site.node.wg() for site in (running, restarted)] == [{}, {}]
    assert [peer.endpoint for peer in wg.peers.values()] == [None] * len(wg.peers)  # files alone are left
