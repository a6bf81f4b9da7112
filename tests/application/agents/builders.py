"""Peers to enrol."""

from typing import Any

from tests.world import World


def created(world: World, **fields: object) -> Any:
    return created_in(world, world.network(), **fields)


def created_in(world: World, network: str, **fields: object) -> Any:
    body = {"kind": "dynamic", "name": "laptop", **fields}
    return world.api("POST", f"/networks/{network}/peers", body).json
