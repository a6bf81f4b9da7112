"""A hub known by name, on a line whose address changes: its name moves with it, and the sites go after it."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.wire.peers import PatchPeer
from infra.demo.agent import Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from tests.dataplane.fleets import out_of_reach

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

NAME = "hub.example.org"
NEXT = ("203.0.113.77", "203.0.113.78")
ARRIVES_S = 60.0
FOLLOWS_S = 120.0


def name(fleet: Fleet, address: str) -> None:
    """All nodes read the same file, which is the laboratory's own."""
    hosts = fleet.lab.internet.run("cat", "/etc/hosts")
    others = [line for line in hosts.splitlines() if NAME not in line]
    fleet.lab.internet.run("tee", "/etc/hosts", stdin="\n".join([*others, f"{address} {NAME}", ""]))


def move(fleet: Fleet, before: str, after: str) -> None:
    """The hub has another address from now on, and its name stands for it."""
    node = fleet.jump.node
    node.run("ip", "address", "add", f"{after}/24", "dev", "eth0")
    node.run("ip", "address", "delete", f"{before}/24", "dev", "eth0")
    node.run("ip", "address", "replace", f"{after}/24", "dev", "eth0")
    node.run("ip", "route", "replace", "default", "via", fleet.lab.internet_address)
    name(fleet, after)


def endpoint(site: Agent) -> str | None:
    ((_, wg),) = site.node.wg().items()
    (hub,) = (peer for peer in wg.peers.values() if peer.endpoint)
    return hub.endpoint


def meets(fleet: Fleet, site: Agent, other: Agent) -> Callable[[], bool]:
    return partial(site.node.reaches, other.peer.address or "", 1)


def test_sites_follow_a_hub_whose_name_moves_also_restarted_and_without_a_control_plane(
    fleet: Fleet, deployment: Deployment
) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    first = str(fleet.lab.topology.public_address("jump"))
    name(fleet, first)
    fleet.api.change_peer(fleet.network.id, fleet.jump.peer.id, PatchPeer(endpoint=NAME))
    revision = fleet.api.network(fleet.network.id).revision
    for agent in (site, other):
        until(lambda: agent.status().revision_applied >= revision, f"{agent.name} knows the name", ARRIVES_S)  # noqa: B023
    until(meets(fleet, site, other), "the sites reach each other", ARRIVES_S)
    before = [endpoint(site), endpoint(other)]

    move(fleet, first, NEXT[0])
    is_cut = not meets(fleet, site, other)()
    until(meets(fleet, site, other), "the sites found the hub", FOLLOWS_S)
    found = [endpoint(site), endpoint(other)]
    with out_of_reach(fleet, deployment.port):
        other.stop()
        move(fleet, *NEXT)
        other.start()
        until(meets(fleet, site, other), "the sites found the hub again", FOLLOWS_S)
        again = [endpoint(site), endpoint(other)]

    assert is_cut
    assert [before, found, again] == [[f"{address}:51820"] * 2 for address in (first, *NEXT)]
