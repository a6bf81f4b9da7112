"""What a jump sees of its peers, in the control plane's table, through real tunnels."""

import pytest

from infra.demo.agent import Agent
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.stack.deploy import client, environment_of
from infra.stack.local_stack import LocalStack

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

SOON_S = 10.0  # a third of what a heartbeat of a jump may take
PORTS = (40_001, 40_002, 40_003)


def seen_at(stack: LocalStack, fleet: Fleet, agent: Agent) -> str | None:
    """The endpoint that the table holds."""
    assert stack.deployed is not None
    table = environment_of(stack.cloud, stack.deployed.functions["APIHandler"])["PRESENCE_TABLE"]
    key = {"peer_id": {"S": agent.peer.id}, "item": {"S": f"sighting#{fleet.network.id}"}}
    item = client(stack.cloud, "dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return item["endpoint"]["S"] if "endpoint" in item else None


def test_a_peer_that_moves_is_told_at_once_each_time(fleet: Fleet, stack: LocalStack) -> None:
    """By chance a heartbeat would tell all three in time once in thirty runs."""
    site, public = fleet.agents["site-a"], fleet.lab.topology.public_address("site-a")
    until(lambda: seen_at(stack, fleet, site), "the first handshake is told", 60)
    interface = site.wait_for_interface()

    for port in PORTS:
        site.node.run("wg", "set", interface, "listen-port", str(port))
        assert site.node.reaches(fleet.jump.peer.address)
        until(lambda at=f"{public}:{port}": seen_at(stack, fleet, site) == at, f"the jump tells of port {port}", SOON_S)  # type: ignore[misc]
