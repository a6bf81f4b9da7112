"""Machines become peers by a network's join key."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity.audit import ActorKind
from tests.world import SimulatedAgent, World


@pytest.fixture
def network(world: World) -> str:
    return world.network()


def a_key_of(world: World, network: str, **fields: object) -> tuple[str, str]:
    """The text of a new join key, and its id."""
    made = world.api("POST", f"/networks/{network}/join-keys", {"name": "runners", **fields}).json
    return made["secret"], made["key"]["id"]


def the_key(world: World, network: str) -> Any:
    [key] = world.api("GET", f"/networks/{network}/join-keys").json["items"]
    return key


def test_a_machine_becomes_a_peer_on_the_keys_terms(world: World, network: str) -> None:
    terms = {"tags": ["ci"], "is_isolated": True, "full_encapsulation": True}
    text, key_id = a_key_of(world, network, **terms)
    agent = SimulatedAgent(world, "runner")

    joined = agent.join(text, hostname="web-1.example.net")

    assert (joined.status, joined.json["network_id"], joined.json["awaits_approval"]) == (200, network, False)
    peer = world.peers(network)["web-1"]
    assert (peer["id"], peer["kind"], peer["public_key"]) == (agent.peer_id, "dynamic", agent.public_key)
    assert {name: peer[name] for name in terms} == terms
    assert peer["host"]["hostname"] == "web-1.example.net"
    assert (the_key(world, network)["used"], the_key(world, network)["last_used_at"] is not None) == (1, True)
    [record] = [record for record in world.outside.tables.audit.values() if record.action == "peer_joined"]
    assert (record.actor.kind, record.actor.id, record.source) == (ActorKind.JOIN_KEY, key_id, world.source)


def test_a_peer_that_joined_runs_like_any_other(world: World, network: str) -> None:
    hub = world.agent(network, "jump", "hub")
    text, _ = a_key_of(world, network)
    agent = SimulatedAgent(world, "runner")
    agent.join(text)
    world.settle()
    agent.connect()
    hub.connect()

    agent.fetch()
    hub.fetch()

    assert agent.bundle is not None
    assert [peer["peer_id"] for peer in agent.bundle["peers"]] == [hub.peer_id]
    assert hub.allowed_ips == {f"{world.peers(network)['web-1']['address']}/32"}


def test_a_lost_answer_burns_nothing(world: World, network: str) -> None:
    text, key_id = a_key_of(world, network, uses=1)
    agent = SimulatedAgent(world, "runner")

    first, again = agent.join(text), agent.join(text)
    world.api("DELETE", f"/networks/{network}/join-keys/{key_id}")
    after_its_end = agent.join(text)

    assert (first.status, first.json) == (again.status, again.json) == (after_its_end.status, after_its_end.json)
    assert the_key(world, network)["used"] == 1
    assert len(world.peers(network)) == 1


def test_the_same_device_key_with_another_wireguard_key_is_told_so(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    agent, other = SimulatedAgent(world, "runner"), SimulatedAgent(world, "other")
    agent.join(text)
    other.device_key = agent.device_key

    assert (other.join(text).status, other.join(text).json["code"]) == (409, "already_joined")


def test_a_machine_whose_peer_is_gone_joins_anew(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    agent = SimulatedAgent(world, "runner")
    agent.join(text)
    before = agent.peer_id
    world.api("DELETE", f"/networks/{network}/peers/{before}")

    assert agent.join(text).status == 200
    assert agent.peer_id != before
    assert agent.join(text).json["peer_id"] == agent.peer_id
    assert the_key(world, network)["used"] == 2


def test_a_machine_whose_peer_moved_to_another_joins_anew(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    agent, heir = SimulatedAgent(world, "runner"), SimulatedAgent(world, "heir")
    agent.join(text)
    before = agent.peer_id
    token = world.api("POST", f"/networks/{network}/peers/{before}/enrollment-token").json["enrollment_token"]
    assert heir.enroll(token).status == 200

    assert agent.join(text).status == 200
    assert agent.peer_id != before


def test_machines_of_one_name_have_names_of_their_own(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    agents = [SimulatedAgent(world, f"runner {n}") for n in range(4)]

    answers = [agent.join(text, hostname="template") for agent in agents]

    peers = world.peers(network)
    assert {answer.status for answer in answers} == {200}
    assert len(peers) == len({peer["dns_label"] for peer in peers.values()}) == 4
    assert peers["template"]["id"] == agents[0].peer_id
    assert all(name.startswith("template") and len(name) <= 63 for name in peers)


@pytest.mark.parametrize(
    ("hostname", "name"),
    [("", "host"), ("web\n1", "host"), ("\u202eevil", "host"), (".", "host"), ("a" * 200, "a" * 63), ("db.lan", "db")],
)
def test_whatever_a_machine_calls_itself_it_gets_a_name(world: World, network: str, hostname: str, name: str) -> None:
    text, _ = a_key_of(world, network)

    assert SimulatedAgent(world, "first").join(text, hostname).status == 200
    assert SimulatedAgent(world, "second").join(text, hostname).status == 200

    names = set(world.peers(network))
    assert name in names
    assert len(names) == 2


@pytest.mark.parametrize("end", ["revoked", "expired", "used_up"])
def test_a_key_that_has_ended_says_why(world: World, network: str, end: str) -> None:
    text, key_id = a_key_of(world, network, uses=1, expires_in_days=1)
    match end:
        case "revoked":
            world.api("DELETE", f"/networks/{network}/join-keys/{key_id}")
        case "expired":
            world.outside.clock.advance(timedelta(days=1))
        case _:
            SimulatedAgent(world, "first").join(text)

    refused = SimulatedAgent(world, "runner").join(text, "other")

    assert (refused.status, refused.json["code"]) == (409 if end == "used_up" else 401, f"join_key_{end}")
    assert "operator" in refused.json["detail"]
    assert the_key(world, network)["state"] == end


def test_what_is_no_key_of_the_deployment_is_refused(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    prefix, record, secret = text.split(".")
    agent = SimulatedAgent(world, "runner")
    unknown = (f"{record}.guess", f"{network}:key_none.{secret}", f"net_none:key_1.{secret}")

    for bad in unknown:
        refused = agent.join(f"{prefix}.{bad}")
        assert (refused.status, refused.json["code"]) == (401, "join_key_unknown")
    for bad in ("", "nonsense", record, f"wirety_enroll.{record}.{secret}", f"{text}.x", world.token):
        assert agent.join(bad).status == 401
    assert world.peers(network) == {}


def test_a_key_of_a_network_that_is_gone_is_unknown(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    world.api("DELETE", f"/networks/{network}")

    assert SimulatedAgent(world, "runner").join(text).json["code"] == "join_key_unknown"


def test_a_public_key_that_is_another_peers_is_refused_and_uses_nothing(world: World, network: str) -> None:
    text, _ = a_key_of(world, network)
    first, second = SimulatedAgent(world, "same"), SimulatedAgent(world, "same")
    first.join(text)

    refused = second.join(text, "other")

    assert (refused.status, refused.json["code"]) == (409, "key_in_use")
    assert the_key(world, network)["used"] == 1


def test_a_network_without_a_free_address_says_so_and_uses_nothing(world: World) -> None:
    network = world.network("small", "10.9.0.0/30")
    text, _ = a_key_of(world, network)
    answers = [SimulatedAgent(world, f"runner {n}").join(text) for n in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 409]
    assert answers[2].json["code"] == "address_pool_exhausted"
    assert the_key(world, network)["used"] == 2


def test_a_peer_waits_until_somebody_approves_it(world: World, network: str) -> None:
    hub = world.agent(network, "jump", "hub")
    text, _ = a_key_of(world, network, needs_approval=True)
    agent = SimulatedAgent(world, "runner")
    assert agent.join(text).json["awaits_approval"]
    world.settle()
    for one in (agent, hub):
        one.connect()
        one.fetch()

    assert world.peers(network)["web-1"]["status"] == "pending_approval"
    assert agent.bundle is not None
    assert (agent.bundle["awaits_approval"], agent.bundle["peers"]) == (True, [])
    assert hub.bundle is not None
    assert hub.allowed_ips == set()
    assert hub.bundle["dns"]["records"] == [{"name": "hub", "addresses": ["10.0.0.1"]}]

    approved = world.api("POST", f"/networks/{network}/peers/{agent.peer_id}/approve")
    world.settle()
    for one in (agent, hub):
        one.fetch()

    assert (approved.status, approved.json["status"]) == (200, "online")
    assert (agent.bundle["awaits_approval"], len(agent.bundle["peers"])) == (False, 1)
    assert hub.allowed_ips == {f"{approved.json['address']}/32"}
    assert agent.hints
    assert world.api("POST", f"/networks/{network}/peers/{agent.peer_id}/approve").json == approved.json


def test_a_peer_that_is_refused_is_deleted_and_told(world: World, network: str) -> None:
    text, _ = a_key_of(world, network, needs_approval=True)
    agent = SimulatedAgent(world, "runner")
    agent.join(text)
    agent.connect()

    assert world.api("DELETE", f"/networks/{network}/peers/{agent.peer_id}").status == 204

    assert agent.open_session().json["code"] == "peer_deleted"
