"""A key from its demand to its retirement, over the whole control plane in memory."""

import pytest

from tests.application.agents.quartet import NEXT, Quartet, a_quartet, applied, report, rotate, sections
from tests.builders import a_key
from tests.world import SimulatedAgent, World


@pytest.fixture
def lab(world: World) -> Quartet:
    return a_quartet(world)


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
