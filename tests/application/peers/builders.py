"""Peers of a network in memory."""

from typing import Any

from tests.builders import a_key
from tests.world import SimulatedAgent, World


def live(world: World, *agents: SimulatedAgent) -> None:
    for agent in agents:
        agent.connect()
        agent.fetch()
    world.settle()


def static(world: World, network: str, name: str = "phone", **fields: Any) -> Any:
    body = {"kind": "static", "name": name, "public_key": a_key(name), **fields}
    return world.api("POST", f"/networks/{network}/peers", body).json


def path(network: str, peer_id: str) -> str:
    return f"/networks/{network}/peers/{peer_id}"
