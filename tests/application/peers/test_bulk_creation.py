"""Many peers at once, each by itself."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.change import change_item
from tests.builders import a_key
from tests.world import World


def test_a_hundred_peers_become_peers_each_by_itself(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    bad: list[dict[str, Any]] = [
        {"kind": "dynamic", "name": "p7"},  # the name stands twice
        {"kind": "dynamic", "name": "x", "mtu": 5},
        {"kind": "static", "name": "y", "public_key": a_key("p8")},  # the key stands twice
        {"kind": "dynamic", "name": "z", "address": "10.0.0.1"},
    ]
    good = [{"kind": "static", "name": f"p{n}", "public_key": a_key(f"p{n}")} for n in range(100)]

    asked = {"peers": good[:50] + bad + good[50:]}
    changes = len(world.outside.tables.stream)

    answer = world.api("POST", f"/networks/{network}/peers/bulk", asked).json

    statuses = [item["status"] for item in answer["items"]]
    assert statuses == [201] * 50 + [409, 422, 409, 409] + [201] * 50
    assert [item["problem"]["code"] for item in answer["items"][50:54]] == [
        "name_in_use",
        "invalid",
        "key_in_use",
        "address_in_use",
    ]
    assert (answer["created"], answer["failed"]) == (100, 4)
    assert len({item["peer"]["address"] for item in answer["items"] if item["peer"]}) == 100
    assert len(world.outside.tables.stream) - changes <= 10


def test_a_full_network_takes_what_fits_of_a_bulk(world: World) -> None:
    network = world.network(cidr="10.0.0.0/28")
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(40)]}

    answer = world.api("POST", f"/networks/{network}/peers/bulk", body).json

    assert (answer["created"], answer["failed"]) == (14, 26)
    assert {item["problem"]["code"] for item in answer["items"][14:]} == {"address_pool_exhausted"}


def test_a_bulk_of_peers_that_say_much_is_made_in_more_transactions(world: World) -> None:
    network = world.network()
    said = {f"key{n}": "\U0001f600" * 255 for n in range(16)}
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}", "metadata": said} for n in range(30)]}

    raw = json.dumps(body, ensure_ascii=False)
    changes = len(world.outside.tables.stream)

    answer = world.api("POST", f"/networks/{network}/peers/bulk", raw=raw)

    assert answer.json["created"] == 30
    assert len(world.outside.tables.stream) - changes == 3
    for change in world.outside.tables.changes.values():
        assert len((change_item(change).peers or "").encode()) < 390_000


def test_a_bulk_request_ends_in_its_time_however_busy_the_network_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = world.network()
    monkeypatch.setattr(world.adversary, "conflicts", lambda: True)
    began = world.outside.clock.now()
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(60)]}

    answer = world.api("POST", f"/networks/{network}/peers/bulk", body).json

    assert {item["problem"]["code"] for item in answer["items"]} == {"busy"}
    assert world.outside.clock.now() - began < timedelta(seconds=22)


def test_a_bulk_request_may_be_a_megabyte_and_not_more(world: World) -> None:
    network = world.network()
    padding = {"kind": "dynamic", "name": "p", "metadata": {f"k{n}": "v" * 255 for n in range(16)}}

    large = world.api("POST", f"/networks/{network}/peers/bulk", {"peers": [padding] * 200})
    too_large = world.api("POST", f"/networks/{network}/peers/bulk", {"peers": [padding] * 300})

    assert (large.status, large.json["created"]) == (200, 1)
    assert (too_large.status, too_large.json["code"]) == (413, "body_too_large")
