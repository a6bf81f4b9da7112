"""Keys that are replaced under traffic, on real WireGuard and the deployed stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from infra.local.demo.agent import Agent
from infra.local.demo.fleet import Fleet
from infra.local.demo.patience import until
from infra.local.lab.probe import Delivery, probe

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

ARRIVES_S = 120.0
HALF_A_SECOND = 500  # packets of a flow of 1 kHz: changed over by looking, not by waiting for WireGuard's 5 s


@dataclass
class Flow:
    delivery: Delivery | None = None


@contextmanager
def a_flow(source: Agent, target: Agent) -> Iterator[Flow]:
    """1 kHz there and back."""
    flow = Flow()
    with probe(source.node, target.node, target.peer.address, interval_ms=1.0, at_least=2000) as sending:
        yield flow
        flow.delivery = sending.finish()
        print(f"{source.name} -> {target.name}: {flow.delivery}")


def keys_on(agent: Agent) -> set[str]:
    return {key for wg in agent.node.wg().values() for key in wg.peers}


def has_alone(agent: Agent, key: str) -> bool:
    return keys_on(agent) == {key}


def rotated(fleet: Fleet, agent: Agent) -> str:
    """Have its key replaced; the new one."""
    old = fleet.api.peer(fleet.network.id, agent.peer.id).public_key
    fleet.api.rotate_key(fleet.network.id, agent.peer.id)

    def new() -> str | None:
        peer = fleet.api.peer(fleet.network.id, agent.peer.id)
        return peer.public_key if peer.public_key != old and peer.key_rotation is None else None

    return str(until(new, f"{agent.name} uses another key", ARRIVES_S))


def test_a_sites_key_is_replaced_while_it_speaks(fleet: Fleet) -> None:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.jump
    old = fleet.api.peer(fleet.network.id, site.peer.id).public_key
    with a_flow(site, other) as flow:
        new = rotated(fleet, site)
        until(lambda: old not in keys_on(jump), "the jump has forgotten the old key", ARRIVES_S)

    assert {new} <= keys_on(jump)
    assert flow.delivery is not None
    assert flow.delivery.lost < HALF_A_SECOND
    assert site.node.reaches(jump.peer.address)


def test_an_unrelated_flow_loses_no_packet_while_a_key_is_replaced(fleet: Fleet) -> None:
    with a_flow(fleet.agents["site-b"], fleet.jump) as flow:
        rotated(fleet, fleet.agents["site-a"])

    assert flow.delivery is not None
    assert flow.delivery.lost == 0


def test_an_agent_killed_in_the_middle_of_a_change_finishes_it(fleet: Fleet) -> None:
    site, jump = fleet.agents["site-a"], fleet.jump
    assert site.process is not None
    old = fleet.api.peer(fleet.network.id, site.peer.id).public_key
    fleet.api.rotate_key(fleet.network.id, site.peer.id)
    until(
        lambda: fleet.api.peer(fleet.network.id, site.peer.id).key_rotation != "wanted",
        "the next key is announced",
        ARRIVES_S,
    )
    site.process.kill()

    site.start()
    until(lambda: fleet.api.peer(fleet.network.id, site.peer.id).public_key != old, "the next key is in use", ARRIVES_S)

    until(lambda: old not in keys_on(jump), "the jump has forgotten the old key", ARRIVES_S)
    until(lambda: site.node.reaches(jump.peer.address), "the site reaches the jump", ARRIVES_S)


def test_a_jumps_key_is_replaced_while_its_peers_speak(fleet: Fleet) -> None:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.jump
    old = fleet.api.peer(fleet.network.id, jump.peer.id).public_key
    with a_flow(site, other) as flow:
        new = rotated(fleet, jump)
        for agent in (site, other):
            until(partial(has_alone, agent, new), f"{agent.name} has the new key alone", ARRIVES_S)

    assert old != new
    assert flow.delivery is not None
    assert flow.delivery.lost < 2 * HALF_A_SECOND  # there and back are two changes
    assert site.node.reaches(other.peer.address)
