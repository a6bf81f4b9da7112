"""Agents that meet their jump by IPv6, and speak IPv6 through it, on the deployed stack."""

import itertools
from collections.abc import Iterator

import pytest

from infra.demo.agent import Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import SITES, Fleet
from infra.demo.waiting import until
from infra.lab import DUAL_STACK, Lab
from tests.dataplane.fleets import a_fleet

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

LOOKS_S = 30.0


@pytest.fixture(scope="module")
def lab(capable_machine: None) -> Iterator[Lab]:
    with Lab(DUAL_STACK) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(lab: Lab, deployment: Deployment) -> Iterator[Fleet]:
    with a_fleet(lab, deployment, version=6) as raised:
        yield raised


def endpoints(agent: Agent) -> set[str | None]:
    """Where its WireGuard sends to, without ports."""
    found = {peer.endpoint for wg in agent.node.wg().values() for peer in wg.peers.values()}
    return {None if endpoint is None else endpoint.rpartition(":")[0] for endpoint in found}


def test_hosts_meet_by_ipv6_and_reach_each_other_by_both_families_inside(fleet: Fleet) -> None:
    agents = list(fleet.agents.values())
    public = {name: f"[{fleet.lab.topology.public_address(name, 6)}]" for name in fleet.agents}

    unreached = [
        (source.name, address)
        for source, target in itertools.permutations(agents, 2)
        for address in (target.peer.address, target.peer.address_v6)
        if address is None or not source.node.reaches(address)
    ]

    assert unreached == []
    assert endpoints(fleet.jump) == {public[name] for name in SITES}
    assert [endpoints(fleet.agents[name]) for name in SITES] == [{public[fleet.jump.name]}] * 2


def test_a_jump_whose_tunnel_loses_ipv6_serves_ipv4_says_so_and_takes_it_up_again(fleet: Fleet) -> None:
    jump, (left, right) = fleet.jump, (fleet.agents[name] for name in SITES)
    setting = f"net.ipv6.conf.{jump.wait_for_interface()}.disable_ipv6"

    def restarted() -> str | None:
        """What it says once it has looked at its host anew."""
        jump.stop()
        jump.start()
        fleet.wait_online([jump])
        until(lambda: "bundle_applied" in jump.tail(), "its tunnel was looked at", LOOKS_S)  # which waits for no call
        return jump.status().lacks_ipv6

    jump.node.run("sysctl", "-q", "-w", f"{setting}=1")
    said = restarted()
    without = [left.node.reaches(address) for address in (right.peer.address, jump.peer.address)]
    jump.node.run("sysctl", "-q", "-w", f"{setting}=0")
    said_after = restarted()

    assert setting in (said or "")
    assert without == [True, True]
    assert said_after is None
    assert right.peer.address_v6 is not None
    assert left.node.reaches(right.peer.address_v6)
