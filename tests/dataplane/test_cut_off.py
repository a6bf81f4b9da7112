"""Policies that would cut a host off, and hosts that send everything through the jump, on the deployed stack."""

from functools import partial

import pytest

from chalicelib.wire.peers import PatchPeer
from infra.local.demo.agent import Agent
from infra.local.demo.fleet import Fleet
from infra.local.demo.patience import until

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

SWALLOWS = "203.0.113.0/29"  # the control plane's address is in it, the jump's is not
CONFIRM = ("--confirm-within", "5")
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


def has_route(agent: Agent, prefix: str) -> bool:
    return any(prefix in peer.allowed_ips for wg in agent.node.wg().values() for peer in wg.peers.values())


def is_without(agent: Agent, prefix: str) -> bool:
    return bool(agent.node.wg()) and not has_route(agent, prefix)


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


def test_full_encapsulation_goes_by_the_jump_alone_and_the_control_plane_stays_in_reach(fleet: Fleet) -> None:
    site, internet = fleet.agents["site-a"], fleet.lab.internet
    internet.run("nft", "-f", "-", stdin=COUNT)
    count = partial(counted, fleet)

    fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(full_encapsulation=True))
    until(partial(has_route, site, "0.0.0.0/0"), "all goes into the tunnel", ARRIVES_S)
    until(lambda: site.node.reaches(fleet.lab.internet_address), "the internet is reached by the jump", ARRIVES_S)
    inside = (count("direct"), count("by_the_jump") > 0, site.node.reaches("192.168.1.1"))
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
