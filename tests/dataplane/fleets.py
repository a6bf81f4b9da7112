"""A fleet of real agents that stands for a while, and what befalls it: hosts lose power, the control plane is away."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from enum import Enum

import pytest

from infra.demo.agent import STATE_DIR, Agent
from infra.demo.api import Api
from infra.demo.deployment import Deployment
from infra.demo.fleet import JUMP, Fleet
from infra.demo.waiting import until
from infra.lab import Lab
from tests.leaks import KNOWN

GONE_S = 60.0
QUIET_S = 10.0


@contextmanager
def a_fleet(lab: Lab, deployment: Deployment, jumps: Sequence[str] = (JUMP,), version: int = 4) -> Iterator[Fleet]:
    """Jumps and two sites behind NAT, enrolled and connected, with handshakes; what the agents logged is printed
    at its end, and holds no secret."""
    api = Api(deployment.api_url, deployment.api_token)
    raised = Fleet(api, lab, lab.publish(deployment.port), deployment.agent_command, jumps, version)
    try:
        raised.raise_up(print)
        yield raised
    finally:
        print("\n".join(f"--- log of {agent.name}\n{agent.tail(40)}" for agent in raised.agents.values()))
        for agent in raised.agents.values():
            KNOWN.hear_host(agent.node.root / STATE_DIR.lstrip("/"))
        raised.remove()
        api.close()
        KNOWN.require_none(log for agent in raised.agents.values() for log in agent.node.logs.glob(f"{agent.name}-*"))


@pytest.fixture(scope="module", name="lab")
def standing_lab(capable_machine: None) -> Iterator[Lab]:
    """For a module that imports it: one laboratory for all of its tests."""
    with Lab() as made:
        yield made


@pytest.fixture(scope="module", name="fleet")
def standing_fleet(lab: Lab, deployment: Deployment) -> Iterator[Fleet]:
    """And one fleet: the tests follow each other on it."""
    with a_fleet(lab, deployment) as raised:
        yield raised


def loses_power(agent: Agent) -> None:
    """Nothing is left of its host but the disk: no process, no interface, no route of its own, no firewall, no /run."""
    assert agent.process is not None
    agent.process.kill()
    for pid_file in (agent.node.root / STATE_DIR.lstrip("/")).rglob("*.pid"):
        agent.node.attempt("kill", "-KILL", pid_file.read_text())
    agent.node.run(
        "find", "/run", "-mindepth", "1", "-maxdepth", "1", "!", "-path", STATE_DIR, "-exec", "rm", "-r", "{}", "+"
    )
    agent.node.run("nft", "flush", "ruleset")
    agent.node.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=0")
    for version in ("-4", "-6"):
        agent.node.run("ip", version, "rule", "flush")
        agent.node.run("ip", version, "rule", "add", "priority", "32766", "table", "main")
    until(lambda: agent.node.wg() == {}, f"{agent.name} has no tunnel", GONE_S)


class Outage(Enum):
    """How a control plane is out of reach. DROPPED: packets to it vanish, connections that were open with them.
    CUT_AND_DROPPED: the open ones are cut first, so that calls are tried, and hang."""

    REFUSED = "refused"
    DROPPED = "dropped"
    CUT_AND_DROPPED = "cut and dropped"


@contextmanager
def out_of_reach(fleet: Fleet, port: int, outage: Outage = Outage.REFUSED) -> Iterator[None]:
    """No agent reaches the control plane, which goes on."""
    with fleet.lab.silence(port) if outage is not Outage.REFUSED else nullcontext():
        if outage is not Outage.DROPPED:
            fleet.lab.unpublish(port)
        try:
            yield
        finally:
            if outage is not Outage.DROPPED:
                fleet.lab.publish(port)


def has_route(agent: Agent, prefix: str) -> bool:
    return any(prefix in peer.allowed_ips for wg in agent.node.wg().values() for peer in wg.peers.values())


def rests(fleet: Fleet) -> bool:
    """Whether the network stays as it is for a while: late words about an outage may still move its peers."""
    before = fleet.api.network(fleet.network.id).revision
    time.sleep(QUIET_S)
    return fleet.api.network(fleet.network.id).revision == before
