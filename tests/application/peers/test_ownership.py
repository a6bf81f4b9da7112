"""A member's own peers, and the owners that operators name."""

import threading
from typing import Any

import pytest

from chalicelib.domain.change.writes import Commit
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.writes import PutSettings
from chalicelib.domain.ids import PrincipalId, Revision
from tests.application.peers.builders import path
from tests.browser import SimulatedBrowser
from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import SimulatedAgent, World


@pytest.fixture
def network(world: World) -> str:
    return world.network()


@pytest.fixture
def ana(world: World, network: str) -> str:
    """A member's token."""
    return world.granted("ana", Role.MEMBER, network)


def add(world: World, network: str, token: str | None, kind: str = "dynamic", **fields: Any) -> Answer:
    key = {"public_key": a_key(fields.get("name", kind))} if kind == "static" else {}
    return world.api("POST", f"/networks/{network}/peers", {"kind": kind, "name": kind, **key, **fields}, token=token)


def id_of(world: World, token: str) -> str:
    return str(world.api("GET", "/me", token=token).json["id"])


def owned(world: World, user_id: str) -> list[str]:
    return [peer_id for _, peer_id in world.outside.users.owned(PrincipalId(user_id))]


def limit_to(world: World, peers: int) -> None:
    settings = PutSettings(DeploymentSettings(None, peers, Revision(1)))
    world.outside.transactions.commit(Commit(None, (settings,)))


def test_what_a_member_adds_is_their_own_and_so_is_the_agent_that_enrols(world: World, network: str, ana: str) -> None:
    world.agent(network, "jump", "hub")
    laptop = add(world, network, ana, name="laptop").json
    phone = add(world, network, ana, "static", name="phone").json

    agent = SimulatedAgent(world, "laptop")
    assert agent.enroll(laptop["enrollment_token"]).status == 200

    assert "[Peer]" in phone["config"]
    me = id_of(world, ana)
    seen = world.api("GET", f"/networks/{network}/peers", token=ana).json["items"]
    assert [peer["id"] for peer in seen] == [laptop["peer"]["id"], phone["peer"]["id"]] == owned(world, me)
    assert {peer["owner_id"] for peer in seen} == {me}
    assert {peer["name"] for peer in world.peers(network).values()} == {"hub", "laptop", "phone"}


def test_what_a_members_token_adds_is_the_members(world: World, network: str) -> None:
    token = world.container.api_tokens.create_for_deployment("t", Role.MEMBER, [network]).text()  # type: ignore[list-item]

    peer = add(world, network, token).json["peer"]

    assert peer["owner_id"] == "deployment"
    assert world.api("GET", path(network, peer["id"]), token=token).status == 200


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("jump", "endpoint", "198.51.100.9"),
        ("dynamic", "address", "10.0.0.9"),
        ("dynamic", "additional_allowed_ips", ["192.168.1.0/24"]),
        ("dynamic", "is_isolated", True),
        ("dynamic", "full_encapsulation", True),
        ("dynamic", "tags", ["a"]),
        ("dynamic", "metadata", {"a": "b"}),
        ("dynamic", "listen_port", 51821),
        ("dynamic", "persistent_keepalive", 25),
        ("dynamic", "mtu", 1400),
        ("dynamic", "preferred_jump_id", "jmp_1"),
        ("dynamic", "owner_id", "usr_" + "a" * 26),
        ("static", "dns", ["10.0.0.1"]),
    ],
)
def test_a_member_is_told_who_sets_what_is_not_theirs_to_set(
    world: World, network: str, ana: str, kind: str, field: str, value: Any
) -> None:
    refused = add(world, network, ana, kind, **{field: value})

    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert "administrator or operator" in refused.json["detail"]
    assert kind == "jump" or field == "owner_id" or field in refused.json["detail"]
    assert world.peers(network) == {}


def test_a_member_renames_their_own_and_changes_nothing_else_of_it(world: World, network: str, ana: str) -> None:
    own = path(network, add(world, network, ana).json["peer"]["id"])
    as_read = world.api("GET", own, token=ana).json

    renamed = world.api("PATCH", own, {**as_read, "name": "renamed"}, token=ana)
    refused = world.api("PATCH", own, {"name": "again", "mtu": 1400}, token=ana)
    given_away = world.api("PATCH", own, {"owner_id": None}, token=ana)

    assert (renamed.status, renamed.json["name"]) == (200, "renamed")
    assert (refused.status, given_away.status) == (403, 403)
    assert "mtu" in refused.json["detail"]
    assert world.api("GET", own, token=ana).json["name"] == "renamed"


def test_a_member_sees_a_file_once_and_another_by_a_new_issue(world: World, network: str, ana: str) -> None:
    world.agent(network, "jump", "hub")
    headers = {"idempotency-key": "k"}
    body = {"kind": "static", "name": "phone", "generate_key": True}
    peers = f"/networks/{network}/peers"

    first = world.api("POST", peers, body, token=ana, headers=headers).json
    again = world.api("POST", peers, body, token=ana, headers=headers).json
    own = path(network, first["peer"]["id"])
    another = world.api("POST", f"{own}/reissue", {"generate_key": True}, token=ana).json

    assert "PrivateKey" in first["config"]
    assert (again["replayed"], again["config"]) == (True, None)
    assert world.api("GET", f"{own}/config", token=ana).status == 403
    assert "PrivateKey" in another["config"] != first["config"]


def test_a_member_moves_their_own_machine_by_a_new_token(world: World, network: str, ana: str) -> None:
    own = path(network, add(world, network, ana).json["peer"]["id"])

    token = world.api("POST", f"{own}/enrollment-token", token=ana).json["enrollment_token"]

    assert SimulatedAgent(world, "other").enroll(token).status == 200


def test_others_peers_are_to_a_member_as_if_they_were_not(world: World, network: str, ana: str) -> None:
    add(world, network, ana)
    other = add(world, network, None, name="other").json["peer"]["id"]
    stale = {"if-match": '"999"'}

    for method, suffix, body in [
        ("GET", "", None),
        ("PATCH", "", {"mtu": 1400}),
        ("PATCH", "", {"id": "dyn_x", "name": "x"}),
        ("DELETE", "", None),
        ("POST", "/reissue", {}),
        ("POST", "/enrollment-token", None),
    ]:
        hidden = world.api(method, path(network, other) + suffix, body, token=ana, headers=stale)
        unknown = world.api(method, path(network, "dyn_none") + suffix, body, token=ana, headers=stale)
        assert (hidden.status, hidden.json["code"]) == (404, "peer_not_found")
        assert hidden.text == unknown.text.replace("dyn_none", other)


def test_a_jump_that_names_a_member_is_not_theirs(world: World, network: str, ana: str) -> None:
    hub = add(world, network, None, "jump", owner_id=id_of(world, ana)).json["peer"]["id"]

    assert world.api("GET", path(network, hub), token=ana).status == 404
    assert world.api("DELETE", path(network, hub), token=ana).status == 404
    assert owned(world, id_of(world, ana)) == []


def test_a_member_has_so_many_peers_and_one_more_when_one_is_gone(world: World, network: str, ana: str) -> None:
    limit_to(world, 2)
    first, _ = (add(world, network, ana, name=f"p{n}").json["peer"]["id"] for n in range(2))

    refused = add(world, network, ana, name="p2")
    world.api("DELETE", path(network, first), token=ana)

    assert (refused.status, refused.json["code"]) == (409, "member_peer_limit_reached")
    assert "2 peers" in refused.json["detail"]
    assert "administrator" in refused.json["detail"]
    assert add(world, network, ana, name="p2").status == 201
    assert add(world, network, ana, name="p3").status == 409


def test_the_limit_is_of_all_networks_together(world: World, network: str) -> None:
    other = world.network("other", "10.1.0.0/24")
    ana = world.granted("ana", Role.MEMBER, network, other)
    limit_to(world, 1)

    assert add(world, network, ana).status == 201
    assert add(world, other, ana).status == 409


def test_members_who_race_for_the_last_place_get_one(world: World, network: str, ana: str) -> None:
    limit_to(world, 3)
    statuses: list[int] = []
    racers = [
        threading.Thread(target=lambda n=n: statuses.append(add(world, network, ana, name=f"p{n}").status))
        for n in range(8)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert statuses.count(201) == 3 == len(owned(world, id_of(world, ana)))


def test_operators_give_peers_without_a_limit_and_take_them_back(world: World, network: str, ana: str) -> None:
    limit_to(world, 1)
    ben = world.granted("ben", Role.MEMBER, network)
    of_ana, of_ben = id_of(world, ana), id_of(world, ben)
    given = [add(world, network, None, name=f"p{n}", owner_id=of_ana).json["peer"]["id"] for n in range(3)]

    assert owned(world, of_ana) == given
    world.api("PATCH", path(network, given[0]), {"owner_id": of_ben})
    world.api("PATCH", path(network, given[1]), {"owner_id": None})
    assert (owned(world, of_ana), owned(world, of_ben)) == (given[2:], given[:1])
    world.api("DELETE", path(network, given[2]))
    assert owned(world, of_ana) == []


def test_an_owner_is_a_user_of_the_deployment(world: World, network: str, ana: str) -> None:
    nobody = "usr_" + "a" * 26
    peers = {"peers": [{"kind": "dynamic", "name": f"p{n}", "owner_id": one} for n, one in enumerate([nobody, None])]}
    own = path(network, add(world, network, ana).json["peer"]["id"])

    created = add(world, network, None, name="x", owner_id=nobody)
    changed = world.api("PATCH", own, {"owner_id": nobody})
    items = world.api("POST", f"/networks/{network}/peers/bulk", peers).json["items"]

    for refused in (created.json, changed.json, items[0]["problem"]):
        assert (refused["status"], [one["field"] for one in refused["errors"]]) == (422, ["owner_id"])
    assert items[1]["status"] == 201


def test_peers_made_and_removed_together_are_counted_for_their_owner(world: World, network: str, ana: str) -> None:
    me = id_of(world, ana)
    peers = {"peers": [{"kind": "dynamic", "name": f"p{n}", "owner_id": me} for n in range(25)]}

    assert world.api("POST", f"/networks/{network}/peers/bulk", peers).json["created"] == 25
    assert len(owned(world, me)) == 25
    world.api("DELETE", f"/networks/{network}?force=true")
    world.settle()

    assert owned(world, me) == []


def test_a_member_who_lost_the_network_sees_none_of_their_peers_in_it(world: World, network: str) -> None:
    other = world.network("other", "10.1.0.0/24")
    ben = world.granted("ben", Role.MEMBER, other)
    peer = add(world, network, None, owner_id=id_of(world, ben)).json["peer"]["id"]

    assert world.api("GET", path(network, peer), token=ben).json["code"] == "network_not_found"
    assert world.api("GET", "/peers", token=ben).json["items"] == []


def test_a_members_socket_hears_nothing_of_networks(world: World, network: str, ana: str) -> None:
    browser = SimulatedBrowser(world, token=ana)
    browser.connect()

    add(world, network, None, name="other")
    world.settle()

    assert [type(frame).__name__ for frame in browser.frames] == ["BrowserWelcome"]
