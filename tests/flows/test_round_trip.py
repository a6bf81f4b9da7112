"""What was read can be sent back: nothing changes by it, and nothing is silently ignored."""

import json
from typing import Any

import pytest

from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import World

FULL: dict[str, Any] = {
    "tags": ["b", "a"],
    "metadata": {"rack": "7", "a": ""},
    "mtu": 1300,
    "persistent_keepalive": 0,
    "listen_port": 51000,
}
LANS = {"additional_allowed_ips": ["192.168.9.0/24", "172.20.0.0/16", "fd01::/64"]}


@pytest.fixture
def world() -> World:
    return World()


def fields_of(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.json["errors"]]


def revision(world: World, network: str) -> int:
    return int(world.api("GET", f"/networks/{network}").json["revision"])


def a_populated_network(world: World) -> tuple[str, list[str]]:
    """A network, and the paths of a peer of every kind with every field set, and of one with none."""
    network = world.network()
    peers = f"/networks/{network}/peers"
    hub = world.agent(
        network, "jump", "Hub", endpoint="HUB.example.org", routed_cidrs=["172.20.0.0/16"], **LANS, **FULL
    )
    bare = world.agent(network, "jump", "bare", endpoint=None)
    laptop = world.agent(
        network, "dynamic", "  Anna's laptop ", is_isolated=True, full_encapsulation=True, dns=["2620:FE::fe"], **FULL
    )
    laptop.connect()
    phone = world.api("POST", peers, {"kind": "static", "name": "phone", "public_key": a_key("phone")}).json["peer"]
    unset = world.api("POST", peers, {"kind": "dynamic", "name": "unset"}).json["peer"]
    world.api("POST", f"{peers}/{phone['id']}/block")
    return network, [f"{peers}/{one}" for one in (hub.peer_id, bare.peer_id, laptop.peer_id, phone["id"], unset["id"])]


def test_a_peer_that_was_read_can_be_sent_back(world: World) -> None:
    network, paths = a_populated_network(world)
    before, changes = revision(world, network), len(world.outside.tables.changes)

    for path in paths:
        read = world.api("GET", path).json
        sent = world.api("PATCH", path, read)
        assert (sent.status, sent.json) == (200, read), sent.text

    assert revision(world, network) == before
    assert len(world.outside.tables.changes) == changes


@pytest.mark.parametrize(
    "body",
    [
        {"name": "lab", "cidr": "10.0.0.0/24", "cidr_v6": "FD12:0::/64", "dns": ["9.9.9.9", "2620:FE::fe"]},
        {"name": "lab", "cidr": "203.0.113.0/24", "allow_public": True},
        {"name": "lab", "cidr": "10.0.0.0/24", "domain": "corp.example"},
    ],
)
def test_a_network_that_was_read_can_be_sent_back(world: World, body: dict[str, Any]) -> None:
    created = world.api("POST", "/networks", body).json
    path = f"/networks/{created['id']}"
    read = world.api("GET", path).json

    sent = world.api("PATCH", path, read)

    assert (sent.status, sent.json) == (200, read)
    assert len(world.outside.tables.changes) == 1
    assert world.api("PATCH", path, {"cidr": "198.51.100.0/24"}).status == 422


def test_an_acl_that_was_read_can_be_sent_back(world: World) -> None:
    path = f"/networks/{world.network()}/acl"
    rules = [{"source": "*", "destination": "FD00::/8", "action": "deny", "protocol": "tcp", "ports": ["22-22", "8-9"]}]
    put = world.api("PUT", path, {"rules": rules})
    read = world.api("GET", path).json

    sent = world.api("PUT", path, read)

    assert (put.json, sent.json) == (read, read)
    assert len(world.outside.tables.changes) == 2
    assert fields_of(world.api("PUT", path, {**read, "version": 7})) == ["version"]


def test_a_guess_that_is_sent_back_stays_a_guess_and_one_that_is_confirmed_does_not(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub", endpoint=None)
    path = f"/networks/{network}/peers/{hub.peer_id}"
    read = world.api("GET", path).json

    sent_back = world.api("PATCH", path, read).json
    confirmed = world.api("PATCH", path, {"endpoint": read["endpoint"]}).json

    assert (read["endpoint_guessed"], sent_back["endpoint_guessed"], confirmed["endpoint_guessed"]) == (
        True,
        True,
        False,
    )


def test_a_read_only_field_that_says_something_else_is_refused_with_all_others(world: World) -> None:
    network, paths = a_populated_network(world)
    read = world.api("GET", paths[0]).json
    wrong = {"id": "jmp_x", "kind": "static", "address": None, "status": 7, "created_at": "2020-01-01T00:00:00Z"}

    peer = world.api("PATCH", paths[0], {**read, **wrong, "mtu": 1})
    whole = world.api("PATCH", f"/networks/{network}", {"revision": 999, "id": "net_x", "dns": ["x"]})

    assert (peer.status, sorted(fields_of(peer))) == (422, sorted([*wrong, "mtu"]))
    assert (whole.status, sorted(fields_of(whole))) == (422, ["dns[0]", "id", "revision"])
    assert world.api("GET", paths[0]).json == read


def test_times_are_compared_as_times(world: World) -> None:
    path = f"/networks/{world.network()}"
    said = world.api("GET", path).json["created_at"].replace("Z", "+00:00")

    assert world.api("PATCH", path, {"created_at": said}).status == 200


def test_all_unknown_fields_and_wrong_types_are_named_at_once(world: World) -> None:
    network = world.network()
    peers = f"/networks/{network}/peers"
    rules = [{"source": "*", "destination": 5, "action": "deny", "colour": 1}, "x", {"source": "*", "action": "maybe"}]

    answers = [
        world.api("PATCH", f"/networks/{network}", {"colour": 1, "size": 2, "name": 5}),
        world.api("POST", peers, {"kind": "dynamic", "colour": 1, "mtu": "x", "tags": ["a", 5]}),
        world.api("PUT", f"/networks/{network}/acl", {"rules": rules, "colour": 1}),
        world.api("POST", f"{peers}/bulk", {"peers": [{"kind": "jump", "size": 1}, {"kind": "robot"}], "size": 1}),
        world.api("POST", peers, "text"),
    ]

    assert [answer.status for answer in answers] == [422] * 5
    assert [fields_of(answer) for answer in answers] == [
        ["colour", "size", "name"],
        ["colour", "mtu", "tags[1]", "name"],
        [
            *("rules[0].destination", "rules[0].colour", "rules[1]", "rules[2].action", "rules[2].destination"),
            "colour",
        ],
        ["peers[0].size", "peers[0].name", "peers[1].kind", "size"],
        [""],
    ]


def test_errors_are_many_at_most(world: World) -> None:
    answer = world.api("POST", "/networks", {f"colour{n}": n for n in range(5000)})

    assert (answer.status, len(answer.json["errors"])) == (422, 100)
    assert len(answer.json["detail"]) < 5000


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ('{"name": "a", "cidr": "10.0.0.0/24", "name": "b"}', "name"),
        ('{"name": "a", "cidr": "10.0.0.0/24", "c\\u0069dr": "10.1.0.0/24"}', "cidr"),
    ],
)
def test_a_name_that_stands_twice_is_refused(world: World, raw: str, field: str) -> None:
    answer = world.api("POST", "/networks", raw=raw)

    assert (answer.status, fields_of(answer)) == (422, [field])
    assert world.api("GET", "/networks").json["items"] == []


def test_a_name_that_stands_twice_further_in_is_refused(world: World) -> None:
    raw = json.dumps({"kind": "dynamic", "name": "a", "metadata": {"x": "1"}}).replace('"x": "1"', '"x": "1", "x": "2"')

    assert fields_of(world.api("POST", f"/networks/{world.network()}/peers", raw=raw)) == ["x"]


@pytest.mark.parametrize("path", ["", "/{}/peers", "/{}/allocations", "/{}/changes", "/{}/topology"])
def test_an_empty_cursor_is_none(world: World, path: str) -> None:
    network = world.network()
    world.agent(network, "dynamic", "web")
    full = f"/networks{path.format(network)}"

    empty = world.api("GET", f"{full}?cursor=")

    assert (empty.status, empty.json) == (200, world.api("GET", full).json)
    assert world.api("GET", f"{full}?cursor=!").status == 422
