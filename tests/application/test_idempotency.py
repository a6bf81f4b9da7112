"""The same request twice."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity.principal import Role
from tests.application.peers.builders import path
from tests.world import World

KEY = {"idempotency-key": "once"}


def test_a_request_sent_twice_is_done_once_and_shows_no_secret_again(world: World) -> None:
    network = world.network()
    body = {"kind": "dynamic", "name": "web"}

    first = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    again = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)

    assert (first.status, first.json["replayed"]) == (again.status, False) == (201, False)
    assert again.json == {**first.json, "enrollment_token": None, "enrollment_expires_at": None, "replayed": True}
    secret = first.json["enrollment_token"].rpartition(".")[2]
    assert secret not in repr(world.outside.tables.replayable)


def test_a_key_stands_for_one_request_of_one_caller_for_a_day(world: World) -> None:
    body = {"name": "lab", "cidr": "10.0.0.0/24"}
    other = {"name": "lab2", "cidr": "10.1.0.0/24"}
    made = world.api("POST", "/networks", body, headers=KEY).json

    reused = world.api("POST", "/networks", other, headers=KEY)
    colleague = world.container.api_tokens.create_for_deployment("other", Role.OPERATOR).text()
    theirs = world.api("POST", "/networks", other, headers=KEY, token=colleague)
    world.outside.clock.advance(timedelta(hours=24))
    later = world.api("POST", "/networks", {"name": "lab3", "cidr": "10.2.0.0/24"}, headers=KEY)

    assert made["replayed"] is False
    assert (reused.status, reused.json["code"]) == (422, "idempotency_key_reused")
    assert (theirs.status, later.status) == (201, 201)


def test_a_request_is_the_same_however_it_is_written(world: World) -> None:
    network = world.network()
    where = f"/networks/{network}/peers"
    first = world.api(
        "POST", where, raw='{"kind": "dynamic", "name": "zo\\u00eb", "tags": ["a"], "mtu": 1400}', headers=KEY
    )
    again = world.api("POST", where, raw='{"mtu":1400,\n"tags":["a"],"name":"zoë","kind":"dynamic"}', headers=KEY)
    other = world.api("POST", where, raw='{"mtu":1400,"tags":["b"],"name":"zoë","kind":"dynamic"}', headers=KEY)

    assert (first.status, again.status, again.json["replayed"]) == (201, 201, True)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


def test_a_request_with_another_query_is_another_request(world: World) -> None:
    network = world.network()
    web = world.agent(network, "dynamic", "web")
    where = f"{path(network, web.peer_id)}/rotate-key"
    assert world.api("POST", where, headers=KEY).status == 200

    forced = world.api("POST", f"{where}?force=true", headers=KEY)
    again = world.api("POST", where, headers=KEY)

    assert (forced.status, forced.json["code"]) == (422, "idempotency_key_reused")
    assert again.status == 200


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        ({"kind": "dynamic", "name": "web", "mtu": 5}, 422),
        ({"kind": "dynamic", "name": "web", "unknown": 1}, 422),
        ({"kind": "dynamic", "name": "web", "address": "10.9.9.9"}, 422),
        ({"kind": "dynamic", "name": "hub"}, 409),
    ],
)
def test_a_refusal_of_any_kind_does_not_use_the_key_up(world: World, refused: dict[str, object], status: int) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    where = f"/networks/{network}/peers"

    assert world.api("POST", where, refused, headers=KEY).status == status
    assert world.outside.tables.replayable == {}
    assert world.api("POST", where, {"kind": "dynamic", "name": "web"}, headers=KEY).status == 201


def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    world.network()
    refused = world.api("POST", "/networks", {"name": "b", "cidr": "10.0.0.0/16"}, headers=KEY)

    assert refused.status == 409
    assert world.api("POST", "/networks", {"name": "b", "cidr": "10.1.0.0/16"}, headers=KEY).status == 201


def test_a_request_that_still_runs_is_a_conflict_and_one_that_broke_may_be_tried_again(world: World) -> None:
    network = world.network()
    body = {"kind": "dynamic", "name": "web"}
    commit = world.outside.transactions.commit

    def broken(_commit: object) -> None:
        raise ConnectionError

    world.outside.transactions.commit = broken  # type: ignore[method-assign, assignment]
    first = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    running = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    world.outside.clock.advance(timedelta(seconds=60))
    again = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)

    assert (first.status, running.status, running.json["code"]) == (500, 409, "request_running")
    assert (again.status, again.json["replayed"]) == (201, False)


def test_an_answer_that_was_lost_after_the_commit_is_replayed(world: World) -> None:
    network = world.network()
    body = {"kind": "dynamic", "name": "web"}
    commit = world.outside.transactions.commit

    def lost(change: Any) -> None:
        commit(change)
        raise ConnectionError

    world.outside.transactions.commit = lost  # type: ignore[method-assign, assignment]
    world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    again = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)

    assert (again.status, again.json["replayed"], again.json["peer"]["name"]) == (201, True, "web")


def test_a_bulk_request_that_broke_halfway_goes_on_and_makes_none_twice(world: World) -> None:
    network = world.network()
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(50)]}
    commit = world.outside.transactions.commit
    commits = iter(range(1))

    def breaking(change: Any) -> None:
        next(commits)
        commit(change)

    world.outside.transactions.commit = breaking  # type: ignore[method-assign, assignment]
    broken = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY)
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    made = len(world.outside.tables.peers)
    world.outside.clock.advance(timedelta(seconds=60))
    again = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json
    replayed = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json

    assert broken.status == 500
    assert 0 < made < 50
    assert (again["created"], again["replayed"]) == (50, False)
    assert [item["enrollment_token"] is None for item in again["items"]] == [n < made for n in range(50)]
    assert (replayed["created"], replayed["replayed"]) == (50, True)
    assert [item["peer"]["name"] for item in replayed["items"]] == [f"p{n}" for n in range(50)]
    assert len(world.outside.tables.peers) == 50


def test_a_bulk_request_sent_twice_remembers_what_it_made_and_no_refusal(world: World) -> None:
    network = world.network()
    kinds = [("dynamic", "kept"), ("dynamic", "kept"), ("dynamic", "gone")]
    body = {"peers": [{"kind": kind, "name": name} for kind, name in kinds]}
    first = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json
    world.api("DELETE", path(network, first["items"][2]["peer"]["id"]))

    again = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json

    assert [item["status"] for item in first["items"]] == [201, 409, 201]
    assert [item["status"] for item in again["items"]] == [201, 404, 404]
    assert (again["created"], again["failed"], again["replayed"]) == (1, 2, True)
    assert "refused when the request was done" in again["items"][1]["problem"]["detail"]
    assert first["items"][2]["peer"]["id"] in again["items"][2]["problem"]["detail"]
