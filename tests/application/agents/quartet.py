"""Two jumps and a dynamic peer that change their keys."""

from typing import Any

from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import SimulatedAgent, World

NEXT = a_key("next of left")
Quartet = tuple[str, SimulatedAgent, SimulatedAgent, SimulatedAgent]


def a_quartet(world: World) -> Quartet:
    """Two jumps and a dynamic peer, all connected and in step; the first jump is its home."""
    network = world.network()
    hub, spare, left = (
        world.agent(network, kind, name) for kind, name in (("jump", "hub"), ("jump", "spare"), ("dynamic", "left"))
    )
    world.settle()
    for agent in (hub, spare, left):
        agent.connect()
        agent.fetch()
        applied(agent)
    world.settle()
    return network, hub, spare, left


def applied(agent: SimulatedAgent) -> None:
    agent.fetch()
    agent.send({"type": "applied", "generation": 1, "revision": agent.revision, "hash": "h", "ok": True, "ms": 1})


def report(world: World, agent: SimulatedAgent, public_key: str, next_key: str | None = None) -> Answer:
    body = {"public_key": public_key, "next_key": next_key}
    return world.api("POST", "/agent/keys", body, token=agent.session)


def rotate(world: World, network: str, agent: SimulatedAgent, query: str = "", **fields: Any) -> Answer:
    return world.api("POST", f"/networks/{network}/peers/{agent.peer_id}/rotate-key{query}", **fields)


def sections(agent: SimulatedAgent, other: SimulatedAgent) -> dict[str, Any]:
    assert agent.bundle is not None
    return next(peer for peer in agent.bundle["peers"] if peer["peer_id"] == other.peer_id)
