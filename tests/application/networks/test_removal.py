"""A network that goes, with all that is in it."""

from typing import Any

from chalicelib.adapters.memory.adversary import Adversary
from tests.application.networks.builders import peer
from tests.world import SimulatedAgent, World


def test_a_forced_delete_is_gone_at_once_tells_every_agent_and_frees_the_range(world: World) -> None:
    network = world.network()
    agents = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")]
    for agent in agents:
        agent.connect()
    for n in range(30):
        peer(world, network, f"p{n}", additional_allowed_ips=[f"192.168.{n}.0/24"])
    world.settle()

    refused = world.api("DELETE", f"/networks/{network}")
    deleted = world.api("DELETE", f"/networks/{network}?force=true")
    at_once = world.api("GET", f"/networks/{network}")
    held = world.api("POST", "/networks", {"name": "again", "cidr": "10.0.0.0/24"})
    world.settle()

    assert (refused.status, refused.json["code"]) == (409, "network_not_empty")
    assert (deleted.status, at_once.status, held.status) == (204, 404, 409)
    assert_all_gone(world, network, agents)


def assert_all_gone(world: World, network: str, agents: list[SimulatedAgent]) -> None:
    tables = world.outside.tables
    assert [key for key in (*tables.peers, *tables.claims) if key[0] == network] == []
    assert world.api("POST", "/networks", {"name": "lab", "cidr": "10.0.0.0/24"}).status == 201
    for agent in agents:
        answer = agent.open_session()
        assert (answer.status, answer.json["code"]) == (410, "peer_deleted")
        assert ("bye", "peer_deleted") in agent.frames


def test_a_removal_that_breaks_halfway_goes_on_where_it_was(world: World) -> None:
    network = world.network()
    agent = world.agent(network, "jump", "hub")
    agent.connect()
    for n in range(40):
        peer(world, network, f"p{n}")
    world.settle()
    world.api("DELETE", f"/networks/{network}?force=true")
    steps = iter(range(2))
    commit = world.outside.transactions.commit

    def breaking(change: Any) -> None:
        next(steps)  # the third commit fails with what nobody foresaw
        commit(change)

    world.outside.transactions.commit = breaking  # type: ignore[method-assign, assignment]
    world.settle()
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    assert 0 < len(world.outside.tables.peers) < 41

    world.outside.removals.start(network)  # type: ignore[arg-type]  # as the queue delivers it again
    world.outside.removals.start(network)  # type: ignore[arg-type]  # and twice
    world.settle()

    assert_all_gone(world, network, [agent])


def test_a_removal_comes_through_a_contended_store() -> None:
    world = World(Adversary(3, conflicts=0.3, doubles=0.3))
    network = world.network()
    for n in range(30):
        peer(world, network, f"p{n}")

    world.api("DELETE", f"/networks/{network}?force=true")
    world.settle()

    assert_all_gone(world, network, [])
