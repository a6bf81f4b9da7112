"""Agents that are in step."""

import pytest

from tests.application.push.builders import report
from tests.world import SimulatedAgent, World


@pytest.fixture
def agents(world: World) -> list[SimulatedAgent]:
    """Two jumps and a dynamic peer, connected and in step."""
    network = world.network()
    made = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "left")]
    made.append(world.agent(network, "jump", "second hub", endpoint="198.51.100.2"))
    world.settle()
    for agent in made:
        agent.connect()
        report(agent)
    return made
