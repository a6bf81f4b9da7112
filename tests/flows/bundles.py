"""A jump in a network that changes, and what it fetches."""

from importlib import import_module
from typing import Any

from chalicelib.application.agents.signing import KEPT
from chalicelib.wire import bundle, delta
from chalicelib.wire.codec import content_hash
from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import SimulatedAgent, World

ROUTES = import_module("chalicelib.entrypoints.rest.agent")  # its package has a blueprint of that name
Counted = list[tuple[str, dict[str, object]]]


def a_hub(world: World) -> SimulatedAgent:
    """A jump's agent with its bundle, beside a dynamic peer's."""
    network = world.network()
    agent = world.agent(network, "jump", "hub")
    world.agent(network, "dynamic", "left")
    world.settle()
    agent.connect()
    assert agent.fetch().status == 200
    return agent


def change(world: World, network: str, name: str = "phone") -> None:
    """Something that concerns jumps."""
    body = {"kind": "static", "name": name, "public_key": a_key(name)}
    assert world.api("POST", f"/networks/{network}/peers", body).status == 201
    world.settle()


def get(world: World, agent: SimulatedAgent, query: str = "", **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.api("GET", f"/agent/bundle{query}", token=agent.session, headers=sent)


def is_whole(answer: Answer) -> bool:
    assert answer.status == 200
    assert answer.headers["Content-Type"] in (bundle.MEDIA_TYPE, delta.MEDIA_TYPE)
    return answer.headers["Content-Type"] == bundle.MEDIA_TYPE


def tag(generation: int, revision: int, content: dict[str, Any]) -> str:
    return f'"{generation}.{revision}.{content_hash(content)}"'


def rotate(world: World) -> None:
    world.container.signing.rotate()
    world.outside.clock.advance(KEPT)
