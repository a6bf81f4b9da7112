"""Bundles that cut a host off, or seem to, and hosts that send everything through the jump, on the deployed stack."""

import contextlib
import time
from collections.abc import Iterator
from functools import partial

import pytest

from chalicelib.wire.peers import PatchPeer
from infra.demo.agent import STATE_DIR, Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from tests.dataplane.fleets import Outage, has_route, loses_power, out_of_reach, standing_fleet, standing_lab

__all__ = ["standing_fleet", "standing_lab"]  # fixtures
pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

SWALLOWS = "203.0.113.0/29"  # the control plane's address is in it, the jump's is not
CONFIRM_S = 5
CONFIRM = ("--confirm-within", str(CONFIRM_S))
ARRIVES_S = 60.0
JUDGED_S = 120.0

COUNT = """
table ip seen {
  counter direct { }
  counter by_the_jump { }
  chain input {
    type filter hook input priority -200; policy accept;
    ip saddr 203.0.113.21 icmp type echo-request counter name "direct"
    ip saddr 203.0.113.10 icmp type echo-request counter name "by_the_jump"
  }
}
"""

ONE_LAST_REQUEST = """
table inet outage {{
  set told {{ type ipv4_addr; size 16; flags dynamic; }}
  chain input {{
    type filter hook input priority -250;
    ip saddr @told drop
    ip saddr {source} @th,256,64 0x474554202f617069 add @told {{ ip saddr }} comment "GET /api behind 32 bytes"
  }}
}}
"""


def is_without(agent: Agent, prefix: str) -> bool:
    return bool(agent.node.wg()) and not has_route(agent, prefix)


def carries(jump: Agent, site: Agent) -> bool:
    return has_route(jump, f"{site.peer.address}/32")


@contextlib.contextmanager
def a_last_bundle(fleet: Fleet, site: Agent) -> Iterator[None]:
    """The control plane gives the site a bundle, and from then on hears nothing of it."""
    internet, source = fleet.lab.internet, fleet.lab.topology.public_address(site.name)
    internet.run("nft", "-f", "-", stdin=ONE_LAST_REQUEST.format(source=source))
    try:
        yield
    finally:
        internet.run("nft", "delete", "table", "inet", "outage")


def applied(fleet: Fleet, agent: Agent) -> int:
    told = fleet.api.session(fleet.network.id, agent.peer.id).applied
    return told.revision if told is not None else 0


def is_on_trial(agent: Agent) -> bool:
    """Whether a bundle is on its disk beside the good one."""
    return any((agent.node.root / STATE_DIR.lstrip("/")).rglob("trial.json"))


def error_of(fleet: Fleet, agent: Agent) -> str | None:
    applied = fleet.api.session(fleet.network.id, agent.peer.id).applied
    return applied.error if applied is not None else None


def test_a_policy_that_swallows_the_control_plane_is_rolled_back_also_where_the_agent_was_killed(fleet: Fleet) -> None:
    living, killed = fleet.agents["site-a"], fleet.agents["site-b"]
    for site in (living, killed):
        site.stop()
        site.start(*CONFIRM)
    fleet.wait_online([living, killed])

    router = fleet.create_static("router", [SWALLOWS])
    until(partial(has_route, killed, SWALLOWS), "the policy is in force", ARRIVES_S)
    assert killed.process is not None
    killed.process.kill()
    for site in (living, killed):
        until(partial(is_without, site, SWALLOWS), f"{site.name} is rolled back", JUDGED_S)
        until(partial(error_of, fleet, site), f"{site.name} has told it", JUDGED_S)
    errors = [error_of(fleet, site) or "" for site in (living, killed)]
    reached = [site.node.reaches(fleet.jump.peer.address) for site in (living, killed)]
    fleet.delete(router)
    killed.start(*CONFIRM)
    newest = fleet.api.network(fleet.network.id).revision
    for site in (living, killed):
        until(lambda: site.status().revision_applied >= newest, f"{site.name} took the next one", ARRIVES_S)  # noqa: B023

    assert all("rolled back" in error for error in errors)
    assert reached == [True, True]
    assert [error_of(fleet, site) for site in (living, killed)] == [None, None]


@pytest.mark.parametrize("outage", [Outage.REFUSED, Outage.CUT_AND_DROPPED])
def test_a_block_followed_by_an_outage_is_not_rolled_back_nor_by_an_agent_that_starts_in_it(
    fleet: Fleet, deployment: Deployment, outage: Outage
) -> None:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.jump
    jump.stop()
    jump.start(*CONFIRM)
    fleet.wait_online([jump])
    until(lambda: site.node.reaches(other.peer.address), "the sites reach each other", ARRIVES_S)

    fleet.api.block(fleet.network.id, other.peer.id)
    until(lambda: not carries(jump, other), "the jump has cut the site off", ARRIVES_S)
    with out_of_reach(fleet, deployment.port, outage):
        time.sleep(2 * CONFIRM_S)
        cut = [carries(jump, other), site.node.reaches(other.peer.address, timeout_s=1)]
        assert jump.process is not None
        jump.process.kill()
        jump.start(*CONFIRM)
        until(lambda: jump.status().is_running, "the agent runs again", ARRIVES_S)
        time.sleep(2 * CONFIRM_S)
        still = [carries(jump, other), site.node.reaches(other.peer.address, timeout_s=1)]
    fleet.wait_online([jump, site])
    error = error_of(fleet, jump)
    fleet.api.unblock(fleet.network.id, other.peer.id)
    until(lambda: site.node.reaches(other.peer.address, timeout_s=1), "the sites reach each other again", ARRIVES_S)

    assert (cut, still, error) == ([False, False], [False, False], None)


@pytest.mark.parametrize(
    "looks",
    [(True, False, True), (True, False)],
    ids=["ends with the bundle in force again", "ends after the rollback"],
)
def test_an_outage_is_not_blamed_on_the_bundle_that_came_just_before(fleet: Fleet, looks: tuple[bool, ...]) -> None:
    """Packets are dropped. All goes into the tunnel with this one, and the control plane is reached past it."""
    site = fleet.agents["site-a"]
    site.stop()
    site.start(*CONFIRM)
    until(lambda: site.status().is_connected, "the site is connected", ARRIVES_S)
    with a_last_bundle(fleet, site):
        fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=True))
        for is_full in looks:
            until(lambda: has_route(site, "0.0.0.0/0") == is_full, f"all goes into the tunnel: {is_full}", JUDGED_S)  # noqa: B023

    until(lambda: not is_on_trial(site), "it is judged", JUDGED_S)
    newest = fleet.api.network(fleet.network.id).revision
    until(lambda: applied(fleet, site) >= newest, "the site has told that it applied", JUDGED_S)
    told = (error_of(fleet, site), has_route(site, "0.0.0.0/0"))
    fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=False))
    until(partial(is_without, site, "0.0.0.0/0"), "the host is open again", ARRIVES_S)
    newest = fleet.api.network(fleet.network.id).revision
    until(lambda: applied(fleet, site) >= newest, "the site has told that too", JUDGED_S)

    assert told == (None, True)


def test_a_bundle_that_changes_nothing_on_the_way_out_stays_through_an_outage(fleet: Fleet) -> None:
    site, prefix = fleet.agents["site-a"], fleet.prefix(0)
    until(lambda: site.status().is_connected, "the site is connected", ARRIVES_S)
    with a_last_bundle(fleet, site):
        router = fleet.create_static("router", [prefix])
        until(lambda: has_route(site, prefix), "applied", ARRIVES_S)
        time.sleep(3 * CONFIRM_S)
        is_there = has_route(site, prefix)

    newest = fleet.api.network(fleet.network.id).revision
    until(lambda: applied(fleet, site) >= newest, "the site has told that it applied", JUDGED_S)
    fleet.delete(router)
    assert is_there
    assert error_of(fleet, site) is None


def test_a_host_of_full_encapsulation_leaks_nothing_between_its_start_and_the_agents(fleet: Fleet) -> None:
    site, internet = fleet.agents["site-a"], fleet.lab.internet
    fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=True))
    until(partial(has_route, site, "0.0.0.0/0"), "all goes into the tunnel", ARRIVES_S)
    until(lambda: site.node.reaches(fleet.lab.internet_address), "the internet is reached by the jump", ARRIVES_S)
    loses_power(site)
    was_open = site.node.reaches(fleet.lab.internet_address)
    internet.run("nft", "-f", "-", stdin=COUNT)

    site.seal()
    is_open = site.node.reaches(fleet.lab.internet_address, timeout_s=1)
    site.start()
    until(lambda: site.node.reaches(fleet.lab.internet_address), "the internet is reached by the jump", ARRIVES_S)
    seen = (counted(fleet, "direct"), counted(fleet, "by_the_jump") > 0)
    internet.run("nft", "delete", "table", "ip", "seen")
    fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=False))
    until(partial(is_without, site, "0.0.0.0/0"), "the host is open again", ARRIVES_S)

    assert (was_open, is_open, *seen) == (True, False, 0, True)


def test_full_encapsulation_goes_by_the_jump_alone_and_the_control_plane_stays_in_reach(fleet: Fleet) -> None:
    site, internet = fleet.agents["site-a"], fleet.lab.internet
    internet.run("nft", "-f", "-", stdin=COUNT)
    count = partial(counted, fleet)

    fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=True))
    until(partial(has_route, site, "0.0.0.0/0"), "all goes into the tunnel", ARRIVES_S)
    until(lambda: site.node.reaches(fleet.lab.internet_address), "the internet is reached by the jump", ARRIVES_S)
    inside = (count("direct"), count("by_the_jump") > 0, site.node.reaches("192.168.1.1"))
    fleet.jump.stop()  # who would put its interface up again
    fleet.jump.node.run("ip", "link", "set", fleet.jump.wait_for_interface(), "down")
    is_leaking = site.node.reaches(fleet.lab.internet_address, timeout_s=1)
    without_jump = (is_leaking, count("direct"), site.node.reaches("192.168.1.1"))

    fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=False))  # it is still told
    until(partial(is_without, site, "0.0.0.0/0"), "the host is open again", ARRIVES_S)
    until(lambda: site.node.reaches(fleet.lab.internet_address), "the internet is reached as before", ARRIVES_S)

    assert inside == (0, True, True)
    assert without_jump == (False, 0, True)
    assert count("direct") > 0


def counted(fleet: Fleet, name: str) -> int:
    listed = fleet.lab.internet.run("nft", "list", "counter", "ip", "seen", name)
    return int(listed.split("packets ")[1].split()[0])
