"""Keys that are replaced under traffic, on real WireGuard and the deployed stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from chalicelib.wire.peers import CreateStatic
from infra.demo.agent import Agent
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import Node
from infra.lab.probe import Delivery, probe
from tests.dataplane.fleets import standing_fleet, standing_lab

__all__ = ["standing_fleet", "standing_lab"]  # fixtures
pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

ARRIVES_S = 120.0
HALF_A_SECOND = 500  # packets of a flow of 1 kHz: changed over by looking, not by waiting for WireGuard's 5 s
A_FEW = 10  # a session goes on with the secret it was made with: none is lost by that


@dataclass
class Flow:
    delivery: Delivery | None = None


@contextmanager
def a_flow(source: Node, target: Agent) -> Iterator[Flow]:
    """1 kHz there and back."""
    flow = Flow()
    with probe(source, target.node, target.peer.address, interval_ms=1.0, at_least=2000) as sending:
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


def a_host_with_a_file(fleet: Fleet) -> Node:
    """A static peer, whose file wg-quick has brought up."""
    created = fleet.api.create_static(fleet.network.id, CreateStatic(name="paper", generate_key=True))
    node, path = fleet.lab.internet, "/run/paper.conf"
    node.run("sh", "-c", f"umask 077; cat > {path}", stdin=created.config)
    node.run("wg-quick", "up", path)
    return node


def secrets_between(one: Node, other: Node) -> tuple[str, str]:
    """The preshared key of a pair, as either side has it."""
    return secret_for(one, public_key(other)), secret_for(other, public_key(one))


def secret_for(node: Node, key: str) -> str:
    rows = (line.split("\t") for line in node.run("wg", "show", "all", "preshared-keys").splitlines())
    return next(secret for _, peer, secret in rows if peer == key)


def public_key(node: Node) -> str:
    (wg,) = node.wg().values()
    return wg.public_key


def test_a_sites_key_is_replaced_while_it_speaks(fleet: Fleet) -> None:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.jump
    old = fleet.api.peer(fleet.network.id, site.peer.id).public_key
    with a_flow(site.node, other) as flow:
        new = rotated(fleet, site)
        until(lambda: old not in keys_on(jump), "the jump has forgotten the old key", ARRIVES_S)

    assert {new} <= keys_on(jump)
    assert flow.delivery is not None
    assert flow.delivery.lost < HALF_A_SECOND
    assert site.node.reaches(jump.peer.address)


def test_an_unrelated_flow_loses_no_packet_while_a_key_is_replaced(fleet: Fleet) -> None:
    with a_flow(fleet.agents["site-b"].node, fleet.jump) as flow:
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
    with a_flow(site.node, other) as flow:
        new = rotated(fleet, jump)
        for agent in (site, other):
            until(partial(has_alone, agent, new), f"{agent.name} has the new key alone", ARRIVES_S)

    assert old != new
    assert flow.delivery is not None
    assert flow.delivery.lost < 2 * HALF_A_SECOND  # there and back are two changes
    assert site.node.reaches(other.peer.address)


def test_preshared_keys_are_renewed_while_everyone_speaks_and_a_file_keeps_its_own(fleet: Fleet) -> None:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.jump
    paper = a_host_with_a_file(fleet)
    until(lambda: paper.reaches(jump.peer.address), "the host with a file reaches the jump", ARRIVES_S)
    filed = secrets_between(paper, jump.node)
    old = {agent.name: secrets_between(agent.node, jump.node) for agent in (site, other)}

    def is_renewed(agent: Agent) -> bool:
        own, jumps = secrets_between(agent.node, jump.node)
        return own == jumps and own not in old[agent.name]

    with a_flow(paper, jump) as unrelated, a_flow(site.node, other) as flow:
        fleet.api.rotate_psk(fleet.network.id)
        for agent in (site, other):
            until(partial(is_renewed, agent), f"{agent.name} and the jump have another secret", ARRIVES_S)
    site.stop()
    site.node.run("ip", "link", "delete", "dev", site.wait_for_interface())  # and its session, made with the old one
    site.start()
    until(lambda: site.node.reaches(other.peer.address), "a session is made with the new secret", ARRIVES_S)

    assert unrelated.delivery is not None
    assert flow.delivery is not None
    assert unrelated.delivery.lost == 0
    assert flow.delivery.lost < A_FEW
    assert secrets_between(paper, jump.node) == filed
    assert len(set(filed)) == 1
    assert is_renewed(site)
