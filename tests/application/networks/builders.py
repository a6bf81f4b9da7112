"""Peers of a network in memory."""

from typing import Any

from tests.world import World


def peer(world: World, network: str, name: str, **fields: Any) -> Any:
    answer = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": name, **fields})
    assert answer.status == 201, answer.text
    return answer.json["peer"]
