"""A key from its demand to its retirement, over the whole control plane in memory."""

from typing import Any

import pytest

from chalicelib.adapters.dynamodb.change import affected_text
from chalicelib.adapters.push.messages import held_text
from chalicelib.application.agents.key_rotation import WORDS
from chalicelib.domain.change.change import What
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.entrypoints import queues
from tests.builders import a_key
from tests.world import Answer, SimulatedAgent, World

NEXT = a_key("next of left")


Quartet = tuple[str, SimulatedAgent, SimulatedAgent, SimulatedAgent]


@pytest.fixture
def lab(world: World) -> Quartet:
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


def test_a_demand_is_told_to_its_agent_alone(world: World, lab: Quartet) -> None:
    network, hub, spare, left = lab
    for agent in (hub, spare, left):
        agent.frames.clear()

    answer = rotate(world, network, left)
    world.settle()
    left.fetch()

    assert (answer.status, answer.json["key_rotation"]) == (200, "wanted")
    assert (len(hub.hints), len(spare.hints), len(left.hints)) == (0, 0, 1)
    assert left.bundle is not None
    assert left.bundle["interface"]["rotate_key"] is True


def test_a_key_rotates_once_every_jump_holds_the_next_one(world: World, lab: Quartet) -> None:
    network, hub, spare, left = lab
    rotate(world, network, left)

    announced = report(world, left, left.public_key, NEXT).json
    world.settle()
    applied(hub)
    early = report(world, left, left.public_key, NEXT).json
    applied(spare)
    ready = report(world, left, left.public_key, NEXT).json
    left.fetch()
    switched = report(world, left, NEXT).json
    world.settle()
    hub.fetch()

    assert announced == {"public_key": left.public_key, "staged_key": NEXT, "is_held": False}
    assert (early["is_held"], ready["is_held"]) == (False, True)
    assert switched == {"public_key": NEXT, "staged_key": None, "is_held": False}
    section = sections(hub, left)
    assert (section["public_key"], section["allowed_ips"], "staged" in section) == (NEXT, ["10.0.0.3/32"], False)
    assert world.peers(network)["left"]["key_rotation"] is None


def test_while_it_is_staged_the_jumps_hold_two_sections_and_the_agent_both_secrets(world: World, lab: Quartet) -> None:
    _, hub, _, left = lab
    report(world, left, left.public_key, NEXT)
    world.settle()
    hub.fetch()
    left.fetch()

    on_hub, on_left = sections(hub, left), sections(left, hub)

    assert (on_hub["public_key"], on_hub["allowed_ips"]) == (left.public_key, ["10.0.0.3/32"])
    assert on_hub["staged"] == {"public_key": NEXT, "preshared_key": on_left["next_preshared_key"]}
    assert left.bundle is not None
    assert left.bundle["interface"]["staged_key"] == NEXT
    assert on_left["preshared_key"] == on_hub["preshared_key"] != on_left["next_preshared_key"]


def test_a_difference_tells_what_a_whole_bundle_does_at_every_step(world: World, lab: Quartet) -> None:
    _, hub, spare, left = lab
    for public_key, next_key in ((left.public_key, NEXT), (NEXT, None)):
        assert report(world, left, public_key, next_key).status == 200
        world.settle()
        for agent in (hub, spare, left):
            agent.fetch()
            patched = agent.bundle
            agent.bundle = None
            agent.fetch()
            assert agent.bundle == patched


def test_a_spare_jump_that_is_away_is_not_waited_for_and_the_home_is(world: World, lab: Quartet) -> None:
    _, hub, spare, left = lab
    spare.close()
    report(world, left, left.public_key, NEXT)
    world.settle()

    before = report(world, left, left.public_key, NEXT).json["is_held"]
    applied(hub)
    after = report(world, left, left.public_key, NEXT).json["is_held"]

    assert (before, after) == (False, True)


def test_a_blocked_peer_announces_nothing(world: World, lab: Quartet) -> None:
    network, _, _, left = lab
    world.api("POST", f"/networks/{network}/peers/{left.peer_id}/block")

    answer = report(world, left, left.public_key, NEXT)

    assert (answer.status, answer.json["code"]) == (409, "peer_blocked")
    assert rotate(world, network, left).json["code"] == "peer_blocked"


@pytest.mark.parametrize("whose", ["in use", "staged", "retired"])
def test_a_key_of_another_peer_is_refused_in_use_staged_or_retired(world: World, lab: Quartet, whose: str) -> None:
    _, hub, spare, left = lab
    keys = {"in use": hub.public_key, "staged": a_key("staged"), "retired": left.public_key}
    if whose == "staged":
        report(world, hub, hub.public_key, keys["staged"])
    if whose == "retired":
        report(world, left, left.public_key, NEXT)
        report(world, left, NEXT)

    answer = report(world, spare, spare.public_key, keys[whose])

    assert (answer.status, answer.json["code"]) == (409, "key_in_use")


def test_a_new_enrolment_ends_a_rotation_and_frees_its_keys(world: World, lab: Quartet) -> None:
    network, _, spare, left = lab
    report(world, left, left.public_key, NEXT)
    token = world.api("POST", f"/networks/{network}/peers/{left.peer_id}/enrollment-token").json["enrollment_token"]
    moved = SimulatedAgent(world, "left on another machine")

    assert moved.enroll(token).status == 200

    assert world.peers(network)["left"]["key_rotation"] is None
    assert report(world, spare, spare.public_key, NEXT).status == 200
    assert report(world, spare, spare.public_key, left.public_key).status == 200


def test_an_agent_that_leaves_leaves_none_of_its_keys(world: World, lab: Quartet) -> None:
    _, _, spare, left = lab
    report(world, left, left.public_key, NEXT)

    assert world.api("POST", "/agent/leave", {"device_key": left.device_key}, token=left.session).status == 204

    for key in (left.public_key, NEXT):
        assert report(world, spare, spare.public_key, key).status == 200


def test_the_keys_of_a_deleted_peer_are_free(world: World, lab: Quartet) -> None:
    network, _, spare, left = lab
    report(world, left, left.public_key, NEXT)
    report(world, left, NEXT)
    report(world, left, NEXT, a_key("third"))

    world.api("DELETE", f"/networks/{network}/peers/{left.peer_id}")

    for key in (left.public_key, NEXT, a_key("third")):
        assert report(world, spare, spare.public_key, key).status == 200


def test_a_static_peer_and_one_without_a_key_are_not_asked_for_another(world: World, lab: Quartet) -> None:
    network, *_ = lab
    path = f"/networks/{network}/peers"
    phone = world.api("POST", path, {"kind": "static", "name": "phone", "public_key": a_key("phone")}).json["peer"]
    new = world.api("POST", path, {"kind": "dynamic", "name": "new"}).json["peer"]

    answers = [world.api("POST", f"{path}/{peer['id']}/rotate-key").json["code"] for peer in (phone, new)]

    assert answers == ["kind_mismatch", "peer_not_enrolled"]


def test_a_jumps_key_is_held_by_every_agent_before_it_is_used(world: World, lab: Quartet) -> None:
    network, hub, spare, left = lab
    rotate(world, network, hub)
    report(world, hub, hub.public_key, NEXT)
    world.settle()
    applied(spare)

    early = report(world, hub, hub.public_key, NEXT).json["is_held"]
    refused = rotate(world, network, hub)
    applied(left)
    ready = report(world, hub, hub.public_key, NEXT).json["is_held"]

    assert (early, ready) == (False, True)
    assert (refused.status, refused.json["code"]) == (409, "key_not_held")
    assert "left" in refused.json["detail"]
    assert "spare" not in refused.json["detail"]
    section = sections(left, hub)
    assert (section["staged"]["public_key"], section["public_key"]) == (NEXT, hub.public_key)


def test_stragglers_are_cut_off_by_force_alone(world: World, lab: Quartet) -> None:
    network, hub, spare, left = lab
    left.close()
    report(world, hub, hub.public_key, NEXT)
    world.settle()
    applied(spare)

    waits = report(world, hub, hub.public_key, NEXT).json["is_held"]
    forced = rotate(world, network, hub, "?force=true")
    goes = report(world, hub, hub.public_key, NEXT).json["is_held"]

    assert (waits, goes) == (False, True)
    assert (forced.status, forced.json["key_rotation"]) == (200, "staged")


def test_files_that_a_jumps_new_key_voids_are_named_and_stale_afterwards(world: World, lab: Quartet) -> None:
    network, hub, spare, _left = lab
    body = {"kind": "static", "name": "phone", "public_key": a_key("phone"), "preferred_jump_id": hub.peer_id}
    world.api("POST", f"/networks/{network}/peers", body)

    refused = rotate(world, network, hub)
    forced = rotate(world, network, hub, "?force=true")
    report(world, hub, hub.public_key, NEXT)
    held = world.peers(network)["phone"]["config_stale"]
    report(world, hub, NEXT)

    assert (refused.status, refused.json["code"]) == (409, "files_would_break")
    assert "phone" in refused.json["detail"]
    assert (forced.status, forced.json["key_rotation"]) == (200, "wanted")
    assert rotate(world, network, spare).status == 200
    assert held is False
    assert world.peers(network)["phone"]["config_changes"] == ["PublicKey"]


def test_every_agent_follows_a_jump_to_its_new_key(world: World, lab: Quartet) -> None:
    _, hub, spare, left = lab
    report(world, hub, hub.public_key, NEXT)
    world.settle()
    for agent in (hub, spare, left):
        applied(agent)
    before = sections(left, hub)

    report(world, hub, NEXT)
    world.settle()
    for agent in (hub, spare, left):
        agent.fetch()

    section = sections(left, hub)
    assert section["public_key"] == NEXT
    assert section["preshared_key"] == before["staged"]["preshared_key"] == sections(hub, left)["preshared_key"]
    assert section["allowed_ips"] == before["allowed_ips"]
    assert sections(spare, hub)["public_key"] == NEXT


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
