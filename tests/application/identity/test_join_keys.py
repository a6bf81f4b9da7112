"""Join keys by the API: who makes and sees them, and what is told of them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity.principal import Role
from tests.rest_function import Answer
from tests.world import World

SECRETS = {"secret", "text"}


def create(world: World, network: str, token: str | None = None, **fields: object) -> Answer:
    return world.api("POST", f"/networks/{network}/join-keys", {"name": "runners", **fields}, token=token)


def listed(world: World, network: str, token: str | None = None) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.api("GET", f"/networks/{network}/join-keys", token=token).json["items"]
    return items


def test_a_key_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    network = world.network()

    made = create(world, network, uses=3, ephemeral=True, tags=["ci"])

    key, secret = made.json["key"], made.json["secret"]
    assert made.status == 201
    assert secret.startswith(f"wirety_join.{network}:{key['id']}.")
    assert (key["state"], key["uses"], key["used"], key["ephemeral"], key["tags"]) == ("active", 3, 0, True, ["ci"])
    assert listed(world, network) == [key]
    assert not SECRETS & key.keys()
    assert secret.rpartition(".")[2] not in repr(world.outside.tables)


def test_a_request_that_is_repeated_makes_one_key_and_tells_no_secret_again(world: World) -> None:
    network = world.network()
    path, body, headers = f"/networks/{network}/join-keys", {"name": "runners"}, {"idempotency-key": "k"}

    first, again = (world.api("POST", path, body, headers=headers) for _ in range(2))

    assert (again.status, again.json) == (201, {"key": first.json["key"], "secret": None, "replayed": True})
    assert len(listed(world, network)) == 1


def test_a_revoked_key_is_still_listed(world: World) -> None:
    network = world.network()
    key = create(world, network).json["key"]["id"]
    path = f"/networks/{network}/join-keys/{key}"

    assert [world.api("DELETE", path).status for _ in range(2)] == [204, 204]

    assert [one["state"] for one in listed(world, network)] == ["revoked"]
    actions = [record.action for record in world.outside.tables.audit.values()]
    assert actions.count("join_key_created") == actions.count("join_key_revoked") == 1


def test_a_key_expires(world: World) -> None:
    network = world.network()
    create(world, network, expires_in_days=1)

    world.outside.clock.advance(timedelta(days=1))

    assert [one["state"] for one in listed(world, network)] == ["expired"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"tags": ["not a tag!"]}, "tags[0]"),
        ({"uses": 0}, "uses"),
        ({"expires_in_days": 367}, "expires_in_days"),
    ],
)
def test_a_key_that_cannot_be_is_refused(world: World, fields: dict[str, Any], field: str) -> None:
    refused = create(world, world.network(), **fields)

    assert (refused.status, [error["field"] for error in refused.json["errors"]]) == (422, [field])


def test_auditors_look_and_members_do_not(world: World) -> None:
    network = world.network()
    made = create(world, network).json["key"]
    auditor, member = world.person("iris", Role.AUDITOR), world.person("max", Role.MEMBER)

    assert listed(world, network, auditor) == [made]
    assert create(world, network, auditor).status == 403
    assert world.api("DELETE", f"/networks/{network}/join-keys/{made['id']}", token=auditor).status == 403
    assert world.api("GET", f"/networks/{network}/join-keys", token=member).status in (403, 404)


def test_keys_of_networks_that_one_does_not_see_are_not_there(world: World) -> None:
    own, other = world.network("own"), world.network("other", "10.1.0.0/24")
    key = create(world, other).json["key"]["id"]
    operator = world.container.api_tokens.create_for_deployment("o", Role.OPERATOR, [own]).text()  # type: ignore[list-item]

    answers = [
        world.api("GET", f"/networks/{other}/join-keys", token=operator),
        create(world, other, operator),
        world.api("DELETE", f"/networks/{other}/join-keys/{key}", token=operator),
        world.api("GET", "/networks/net_none/join-keys"),
    ]

    assert {answer.status for answer in answers} == {404}
    assert world.api("DELETE", f"/networks/{own}/join-keys/{key}", token=operator).json["code"] == "join_key_not_found"
    assert world.api("DELETE", f"/networks/{own}/join-keys/nonsense").json["code"] == "join_key_not_found"
