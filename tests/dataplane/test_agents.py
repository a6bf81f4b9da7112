"""Real agents and real WireGuard against the deployed stack, through a simulated internet."""

import itertools
from functools import partial
from http import HTTPStatus

import pytest

from infra.demo.agent import Agent
from infra.demo.changes import Changes
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import Lab
from infra.lab.probe import probe
from infra.stack.local_stack import LocalStack
from tests.dataplane.fleets import has_route, standing_fleet, standing_lab
from tests.dataplane.outage import an_outage

__all__ = ["standing_fleet", "standing_lab"]  # fixtures; the last tests delete the sites
pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

EXIT_PEER_DELETED = 3
ARRIVES_S = 30.0

OUTAGES = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,  # without a tombstone it proves nothing
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def reaches(source: Agent, target: Agent) -> bool:
    return source.node.reaches(target.peer.address)


def test_every_agent_reaches_every_other_and_a_change_arrives_on_all(fleet: Fleet) -> None:
    agents = fleet.agents.values()
    unreached = [(a.name, b.name) for a, b in itertools.permutations(agents, 2) if not reaches(a, b)]

    with Changes(fleet, print) as changes:
        made = changes.run(rounds=1)

    assert unreached == []
    assert [change.agents for change in made] == [3, 1, 3, 1]


def test_a_restarted_agent_loses_no_packet_of_its_tunnel(fleet: Fleet) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    with probe(site.node, other.node, other.peer.address, at_least=100) as flow:
        stopped = site.stop()
        kept = site.node.wg()
        site.start()
        until(lambda: site.status().is_connected, "the agent is connected again", ARRIVES_S)
        delivery = flow.finish()

    assert stopped == 0
    assert site.node.wg().keys() == kept.keys()
    assert delivery.lost == 0


def test_refusals_and_errors_of_the_control_plane_leave_the_tunnel_up(
    fleet: Fleet, lab: Lab, deployment: Deployment
) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    with probe(site.node, other.node, other.peer.address) as flow, an_outage(OUTAGES) as outage:
        lab.publish(deployment.port, outage.port)
        site.stop()
        site.start()
        until(lambda: outage.answered >= len(OUTAGES), "agents have met every refusal", 90)
        delivery = flow.finish()
    running = [agent.process.is_running for agent in fleet.agents.values() if agent.process]
    lab.publish(deployment.port)
    fleet.wait_online(list(fleet.agents.values()))

    assert delivery.lost == 0
    assert running == [True, True, True]


def test_a_site_in_the_dark_keeps_its_tunnel_and_catches_up(fleet: Fleet, lab: Lab) -> None:
    site, jump = fleet.agents["site-a"], fleet.jump
    prefix = fleet.prefix(10)
    with lab.blackout(site.name):
        fleet.create_static("router", [prefix])
        until(lambda: has_route(jump, prefix), "the jump has the change", ARRIVES_S)
        is_up, has_missed = reaches(site, jump), not has_route(site, prefix)
    until(lambda: has_route(site, prefix), "the site has caught up", 120)

    assert (is_up, has_missed) == (True, True)


def test_a_stack_that_is_stopped_and_started_again_costs_no_packet_and_no_change(
    fleet: Fleet, stack: LocalStack
) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    before, after = fleet.prefix(11), fleet.prefix(12)
    with probe(site.node, other.node, other.peer.address) as flow:
        fleet.create_static("router-before", [before])
        until(lambda: has_route(site, before), "the site has the change before the stop", ARRIVES_S)
        stack.stop()
        is_up = reaches(site, fleet.jump)
        stack.start()
        fleet.create_static("router-after", [after])
        for agent in fleet.agents.values():
            until(partial(has_route, agent, after), f"{agent.name} has the change after the start", 120)
        delivery = flow.finish()
    fleet.wait_online(list(fleet.agents.values()))

    assert is_up
    assert delivery.lost == 0


def test_a_peer_deleted_while_its_agent_runs_loses_its_tunnel(fleet: Fleet) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    assert site.process is not None

    fleet.delete(site.peer)
    code = site.process.wait(ARRIVES_S)

    assert code == EXIT_PEER_DELETED
    assert "deleted" in site.tail()
    assert site.node.wg() == {}
    assert reaches(other, fleet.jump)


def test_a_peer_deleted_while_its_agent_is_off_loses_its_tunnel_at_the_next_start(fleet: Fleet) -> None:
    site = fleet.agents["site-b"]
    site.stop()
    fleet.delete(site.peer)
    kept = site.node.wg()

    code = site.start().wait(ARRIVES_S)

    assert len(kept) == 1
    assert code == EXIT_PEER_DELETED
    assert "deleted" in site.tail()
    assert site.node.wg() == {}
