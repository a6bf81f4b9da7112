"""Preshared keys from one epoch to the next, over the whole control plane in memory."""

import pytest

from chalicelib.adapters.dynamodb.change import affected_text
from chalicelib.adapters.queues.messages import held_text
from chalicelib.application.agents.key_rotation import WORDS
from chalicelib.domain.change.change import What
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.entrypoints import queues
from tests.application.agents.quartet import Quartet, a_quartet, sections
from tests.rest_function import Answer
from tests.world import SimulatedAgent, World


@pytest.fixture
def lab(world: World) -> Quartet:
    return a_quartet(world)


def renew(world: World, network: str) -> Answer:
    return world.api("POST", f"/networks/{network}/rotate-psk")


def hold(world: World, agent: SimulatedAgent) -> Answer:
    """Say that the preshared keys of the bundle are on the disk."""
    assert agent.bundle is not None
    body = {"public_key": agent.public_key, "psk_epoch": agent.bundle["interface"]["psk_epoch"]}
    return world.api("POST", "/agent/keys", body, token=agent.session)


def test_a_pair_changes_its_secret_once_its_regular_peer_holds_the_next(world: World, lab: Quartet) -> None:
    network, hub, _, left = lab
    before = sections(left, hub)

    assert renew(world, network).status == 200
    world.settle()
    for agent in (hub, left):
        agent.fetch()
    between, on_hub = sections(left, hub), sections(hub, left)
    assert hold(world, left).status == 200
    world.settle()
    for agent in (hub, left):
        agent.fetch()
    after = sections(left, hub)

    assert between["preshared_key"] == on_hub["preshared_key"] == before["preshared_key"]
    assert after["preshared_key"] == sections(hub, left)["preshared_key"] == between["other_preshared_key"]
    assert after["other_preshared_key"] == before["preshared_key"]
    assert "other_preshared_key" not in sections(hub, left)


def test_a_renewal_is_told_to_every_agent_and_a_peers_word_to_the_jumps_and_itself(world: World, lab: Quartet) -> None:
    network, hub, spare, left = lab
    right = world.agent(network, "dynamic", "right")
    world.settle()
    for agent in (hub, spare, left, right):
        agent.connect()
        agent.fetch()

    renew(world, network)
    world.settle()
    renewed = [len(agent.hints) for agent in (hub, spare, left, right)]
    left.fetch()
    hold(world, left)
    world.settle()

    assert renewed == [1, 1, 1, 1]
    assert [len(agent.hints) for agent in (hub, spare, left, right)] == [2, 2, 2, 1]


def test_an_agent_that_slept_keeps_its_secret_until_it_wakes(world: World, lab: Quartet) -> None:
    network, hub, _, left = lab
    before = sections(hub, left)["preshared_key"]
    left.close()
    for _ in range(3):
        renew(world, network)
        world.settle()
        hub.fetch()

    assert sections(hub, left)["preshared_key"] == before
    left.connect()
    left.fetch()
    assert sections(left, hub)["preshared_key"] == before
    hold(world, left)
    world.settle()
    hub.fetch()
    left.fetch()
    assert sections(left, hub)["preshared_key"] == sections(hub, left)["preshared_key"] != before


def test_a_word_on_an_epoch_that_is_no_longer_the_newest_moves_nothing(world: World, lab: Quartet) -> None:
    network, hub, _, left = lab
    before = sections(hub, left)["preshared_key"]
    renew(world, network)
    left.fetch()
    renew(world, network)

    assert hold(world, left).status == 200

    hub.fetch()
    assert sections(hub, left)["preshared_key"] == before


def test_two_jumps_change_when_both_hold_the_next(world: World, lab: Quartet) -> None:
    network, hub, spare, _ = lab

    def in_step() -> set[str]:
        """What the two have between them."""
        world.settle()
        for agent in (hub, spare):
            agent.fetch()
        return {sections(hub, spare)["preshared_key"], sections(spare, hub)["preshared_key"]}

    before = in_step()
    renew(world, network)
    renewed = in_step()
    hold(world, hub)
    halfway = in_step()
    hold(world, spare)
    after = in_step()

    assert before == renewed == halfway
    assert len(after) == 1
    assert after != before


def test_a_file_keeps_its_secret_through_every_renewal(world: World, lab: Quartet) -> None:
    network, hub, _, _ = lab
    body = {"kind": "static", "name": "phone", "generate_key": True, "preferred_jump_id": hub.peer_id}
    created = world.api("POST", f"/networks/{network}/peers", body).json
    world.settle()
    hub.fetch()
    secret = next(peer for peer in hub.bundle["peers"] if peer["peer_id"] == created["peer"]["id"])["preshared_key"]  # type: ignore[index]

    renew(world, network)
    world.settle()
    hub.fetch()

    now = next(peer for peer in hub.bundle["peers"] if peer["peer_id"] == created["peer"]["id"])  # type: ignore[index]
    assert now["preshared_key"] == secret
    assert f"PresharedKey = {secret}" in created["config"]
    assert world.peers(network)["phone"]["config_stale"] is False


def all_hold(world: World, agents: list[SimulatedAgent]) -> None:
    """Each has its newest bundle, and says so."""
    for agent in agents:
        assert agent.open_session().status == 200
        agent.fetch()
        hold(world, agent)


def test_words_of_many_agents_are_one_change(world: World, lab: Quartet) -> None:
    network, hub, *_ = lab
    many = [world.agent(network, "dynamic", f"n{number}") for number in range(WORDS + 1)]
    world.settle()
    renew(world, network)
    all_hold(world, many)
    before = len(world.outside.tables.changes)

    world.hold()
    world.outside.held.waiting = [PskHeld(NetworkId(network), PeerId(agent.peer_id), 2) for agent in many]
    world.hold()

    held = list(world.outside.tables.changes.values())[before:]
    assert [len(change.peers) for change in held] == [WORDS, 1]
    assert {change.what for change in held} == {What.PSK_HELD}
    assert {record.peer.epoch for record in world.outside.tables.peers.values()} == {1, 2}
    world.settle()
    hub.fetch()
    assert hub.bundle is not None
    secrets = {peer["peer_id"]: peer["preshared_key"] for peer in hub.bundle["peers"]}
    assert secrets[many[0].peer_id] == sections(many[0], hub)["other_preshared_key"]


def test_a_change_holds_no_more_words_than_its_record_has_room_for(world: World, lab: Quartet) -> None:
    network = lab[0]
    large = {"metadata": {f"k{number}": "\U0001f600" * 255 for number in range(16)}}
    many = [world.agent(network, "dynamic", f"n{number}", **large) for number in range(13)]
    renew(world, network)
    all_hold(world, many)
    before = len(world.outside.tables.changes)

    world.hold()

    held = list(world.outside.tables.changes.values())[before:]
    assert sum(len(change.peers) for change in held) == 13
    assert max(len(affected_text(change.peers).encode()) for change in held) < 400_000 <= 13 * 2 * 16 * 255 * 4


def test_a_word_of_who_was_deleted_meanwhile_changes_nothing(world: World, lab: Quartet) -> None:
    network, _, _, left = lab
    renew(world, network)
    world.settle()
    left.fetch()
    hold(world, left)
    assert len(world.outside.held.waiting) == 1
    world.api("DELETE", f"/networks/{network}/peers/{left.peer_id}")
    before = len(world.outside.tables.changes)

    world.hold()

    assert len(world.outside.tables.changes) == before


def test_of_an_agents_words_the_newest_counts_in_whatever_order_they_come(world: World, lab: Quartet) -> None:
    network, _, _, left = lab
    for _ in range(2):
        renew(world, network)
    words = [PskHeld(NetworkId(network), PeerId(left.peer_id), epoch) for epoch in (3, 2)]

    world.container.rotations.hold(words)

    assert world.outside.tables.peers[words[0].network_id, words[0].peer_id].peer.epoch == 3


def test_a_word_that_cannot_be_read_does_not_hinder_the_others(world: World, lab: Quartet) -> None:
    network, _, _, left = lab
    renew(world, network)
    world.settle()
    left.fetch()
    hold(world, left)
    [word] = world.outside.held.waiting
    bodies = [{"messageId": "bad", "body": "{}"}, {"messageId": "good", "body": held_text(word)}]

    answer = queues.hold({"Records": bodies})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert world.outside.tables.peers[word.network_id, word.peer_id].peer.epoch == 2
