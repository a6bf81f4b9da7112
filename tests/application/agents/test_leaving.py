"""An agent that gives its peer up."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.application.agents.builders import created_in
from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import SimulatedAgent, World


def left(agent: SimulatedAgent, **fields: object) -> Answer:
    body = {"device_key": agent.device_key, **fields}
    return agent.world.api("POST", "/agent/leave", body, agent.session)


def a_hub_and_a_laptop(world: World) -> tuple[str, SimulatedAgent, SimulatedAgent]:
    network = world.network()
    hub, laptop = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "laptop")
    for agent in (hub, laptop):
        agent.connect()
        agent.fetch()
    world.settle()
    return network, hub, laptop


def test_a_peer_that_its_agent_left_is_pending_and_keeps_its_address(world: World) -> None:
    network, hub, laptop = a_hub_and_a_laptop(world)
    before = world.peers(network)["laptop"]

    answer = left(laptop)
    world.settle()
    hub.fetch()

    after = world.peers(network)["laptop"]
    assert answer.status == 204
    assert (after["status"], after["public_key"], after["address"]) == ("pending", None, before["address"])
    assert hub.bundle is not None
    assert laptop.peer_id not in {peer["peer_id"] for peer in hub.bundle["peers"]}
    assert hub.hints[-1] == after["revision"]


def test_a_peer_that_its_agent_left_has_no_session_and_no_socket(world: World) -> None:
    _, _, laptop = a_hub_and_a_laptop(world)

    left(laptop)
    world.settle()

    assert laptop.fetch().status == 401
    assert laptop.connection not in world.outside.gateway.open


def test_leaving_again_after_a_lost_answer_is_answered_and_changes_nothing(world: World) -> None:
    network, _, laptop = a_hub_and_a_laptop(world)
    left(laptop)
    revision = world.api("GET", f"/networks/{network}").json["revision"]

    again = left(laptop)
    world.settle()
    later = laptop.open_session()

    assert again.status == 204
    assert (later.status, later.json["code"]) == (410, "peer_left")
    assert later.json.get("tombstone") is None
    assert world.api("GET", f"/networks/{network}").json["revision"] == revision


def test_only_the_key_that_left_is_told_so(world: World) -> None:
    _, _, laptop = a_hub_and_a_laptop(world)
    left(laptop)
    laptop.device = Ed25519PrivateKey.generate()

    assert laptop.open_session().status == 401


def test_the_token_of_a_machine_that_left_is_worth_nothing_and_a_new_one_brings_the_peer_back(world: World) -> None:
    network = world.network()
    token = created_in(world, network)["enrollment_token"]
    laptop, other = SimulatedAgent(world, "laptop"), SimulatedAgent(world, "other")
    laptop.enroll(token)
    laptop.open_session()
    left(laptop)

    refused = laptop.enroll(token)
    fresh = world.api("POST", f"/networks/{network}/peers/{laptop.peer_id}/enrollment-token").json["enrollment_token"]

    assert (refused.status, refused.json["code"]) == (401, "enrollment_token_invalid")
    assert other.enroll(fresh).status == 200
    assert other.peer_id == laptop.peer_id
    assert other.open_session().status == 200


def test_the_key_of_a_machine_that_left_is_free_for_another_peer(world: World) -> None:
    network, _, laptop = a_hub_and_a_laptop(world)
    left(laptop)

    body = {"kind": "static", "name": "phone", "public_key": laptop.public_key}
    assert world.api("POST", f"/networks/{network}/peers", body).status == 201


def test_the_machine_before_cannot_make_the_one_after_it_leave(world: World) -> None:
    network, _, laptop = a_hub_and_a_laptop(world)
    fresh = world.api("POST", f"/networks/{network}/peers/{laptop.peer_id}/enrollment-token").json["enrollment_token"]
    other = SimulatedAgent(world, "other")
    other.enroll(fresh)

    answer = left(laptop)  # its session has not ended yet

    assert answer.status == 204
    assert world.peers(network)["laptop"]["public_key"] == other.public_key


def test_a_jump_whose_key_stands_in_files_leaves_only_when_they_may_be_void(world: World) -> None:
    network, hub, _ = a_hub_and_a_laptop(world)
    world.api("POST", f"/networks/{network}/peers", {"kind": "static", "name": "phone", "public_key": a_key("phone")})

    refused = left(hub)
    forced = left(hub, void_files=True)

    assert (refused.status, refused.json["code"]) == (409, "files_would_be_void")
    assert "phone" in refused.json["detail"]
    assert forced.status == 204
    assert world.peers(network)["hub"]["status"] == "pending"


def test_every_agent_loses_the_section_of_a_jump_that_left(world: World) -> None:
    _, hub, laptop = a_hub_and_a_laptop(world)

    left(hub)
    world.settle()
    laptop.fetch()

    assert laptop.bundle is not None
    assert laptop.bundle["peers"] == []


def test_a_blocked_peer_stays_blocked_when_its_agent_leaves(world: World) -> None:
    network, _, laptop = a_hub_and_a_laptop(world)
    world.api("POST", f"/networks/{network}/peers/{laptop.peer_id}/block")

    assert left(laptop).status == 204

    assert world.peers(network)["laptop"]["is_blocked"]


def test_a_change_that_says_a_peer_left_is_in_the_log(world: World) -> None:
    network, _, laptop = a_hub_and_a_laptop(world)

    left(laptop)

    newest = world.api("GET", f"/networks/{network}/changes").json["items"][0]
    assert (newest["what"], newest["by"]) == ("peer_left", laptop.peer_id)
    assert newest["peers"] == [{"id": laptop.peer_id, "name": "laptop", "fields": ["public_key"]}]
