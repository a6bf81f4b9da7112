"""Two names never clash, and one name stands for one peer."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.text import hashed_label
from tests.world import World

NAMES = st.text(st.sampled_from("aAb1 -.!äßあ本🚀"), min_size=1, max_size=6).filter(lambda name: bool(name.strip()))


def create(world: World, network: str, name: str) -> Any:
    return world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": name})


def labels(world: World) -> list[str]:
    return [record.peer.label for record in world.outside.tables.peers.values()]


def test_a_name_whose_label_is_anothers_gets_a_label_of_its_own() -> None:
    world = World()
    network = world.network()

    answers = [create(world, network, name) for name in ("web", "WEB", "Web!", "web", "WEB")]

    assert [one.status for one in answers] == [201, 201, 201, 409, 409]
    assert {one.json["code"] for one in answers[3:]} == {"name_in_use"}
    assert [one.json["peer"]["dns_label"] for one in answers[:3]] == labels(world)
    assert labels(world) == ["web", hashed_label("WEB"), hashed_label("Web!")]


def test_a_name_stays_its_peers_when_the_one_that_had_its_label_is_gone() -> None:
    world = World()
    network = world.network()
    first, second = (create(world, network, name).json["peer"]["id"] for name in ("web", "WEB"))
    peers = f"/networks/{network}/peers"

    world.api("DELETE", f"{peers}/{first}")

    assert create(world, network, "WEB").status == 409
    assert world.api("PATCH", f"{peers}/{second}", {"name": "web"}).status == 200
    assert labels(world) == ["web"]
    assert create(world, network, "WEB").status == 201


def test_a_rename_meets_the_same_rules() -> None:
    world = World()
    network = world.network()
    peers = f"/networks/{network}/peers"
    create(world, network, "web")
    other = f"{peers}/{create(world, network, 'db').json['peer']['id']}"

    taken = world.api("PATCH", other, {"name": "web"})
    beside = world.api("PATCH", other, {"name": "Web"})
    own = world.api("PATCH", other, {"name": "Web"})

    assert (taken.status, taken.json["code"], beside.status, own.json) == (409, "name_in_use", 200, beside.json)
    assert labels(world) == ["web", hashed_label("Web")]
    assert create(world, network, "db").status == 201


def test_in_bulk_names_are_told_apart_too() -> None:
    world = World()
    network = world.network()
    create(world, network, "web")
    asked = [{"kind": "dynamic", "name": name} for name in ("WEB", "a", "A", "web", "a", "本", "中")]

    answer = world.api("POST", f"/networks/{network}/peers/bulk", {"peers": asked}).json

    assert [item["status"] for item in answer["items"]] == [201, 201, 201, 409, 409, 201, 201]
    assert len(set(labels(world))) == 6


def test_a_peer_stored_before_labels_were_keeps_its_own() -> None:
    world = World()
    network = world.network()
    old = PeerId(create(world, network, "web").json["peer"]["id"])
    tables, key = world.outside.tables, (NetworkId(network), old)
    record = tables.peers[key]
    tables.peers[key] = replace(record, peer=replace(record.peer, dns_label=None))
    del tables.claims[NetworkId(network), "name", "web"]

    assert create(world, network, "Web").status == 201
    assert labels(world) == ["web", hashed_label("Web")]
    assert world.api("DELETE", f"/networks/{network}/peers/{old}").status == 204
    assert create(world, network, "web").status == 201


@settings(max_examples=30, deadline=None)
@given(st.lists(NAMES, min_size=2, max_size=6, unique_by=str.strip))
def test_different_names_can_all_be_and_have_different_labels(names: list[str]) -> None:
    world = World()
    network = world.network()

    assert [create(world, network, name).status for name in names] == [201] * len(names)
    assert len(set(labels(world))) == len(names)
