"""API tokens as their makers and administrators meet them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity.delegation import HANDED_ON
from chalicelib.domain.identity.principal import Role
from tests.world import World

CI = {"name": "ci", "role": "operator"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ana(world: World) -> str:
    return world.person("ana", Role.OPERATOR)


def made(world: World, by: str, **fields: object) -> dict[str, Any]:
    answer = world.api("POST", "/tokens", CI | fields, token=by)
    assert answer.status == 201, answer.text
    result: dict[str, Any] = answer.json
    return result


def test_a_token_is_shown_once_and_acts_for_its_maker(world: World, ana: str) -> None:
    created = made(world, ana)

    own = world.api("GET", "/me", token=created["secret"]).json
    listed = world.api("GET", "/tokens", token=ana).json["items"]

    assert (own["id"], own["kind"], own["role"]) == (created["token"]["id"], "api_token", "operator")
    assert [(token["name"], token["maker_name"], token["last_used_from"]) for token in listed] == [
        ("ci", "ana", "203.0.113.9")
    ]
    assert created["secret"] not in world.api("GET", "/tokens", token=ana).text


def test_a_token_ends_after_90_days_unless_asked_otherwise_and_no_later_than_what_it_was_made_with(
    world: World, ana: str
) -> None:
    clock = world.outside.clock
    ninety = (clock.now() + timedelta(days=90)).isoformat().replace("+00:00", "Z")
    first = made(world, ana)
    week = made(world, ana, expires_in_days=7)
    later = made(world, week["secret"], expires_in_days=90)

    assert first["token"]["expires_at"] == ninety
    assert later["token"]["expires_at"] == week["token"]["expires_at"]
    assert later["token"]["maker_id"] == week["token"]["maker_id"]
    clock.advance(timedelta(days=7))
    assert world.api("GET", "/me", token=week["secret"]).status == 401


@pytest.mark.parametrize("maker", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_handed_on_by_who_has_all_of_it(world: World, maker: Role, role: Role) -> None:
    answer = world.api("POST", "/tokens", {"name": "t", "role": role}, token=world.person("somebody", maker))

    assert answer.status == (201 if role in HANDED_ON[maker] else 403)


def test_networks_are_those_that_the_maker_sees(world: World) -> None:
    lab, other = world.network("lab"), world.network("other", "10.1.0.0/24")
    narrow = made(world, world.token, networks=[lab])["secret"]

    unseen = world.api("POST", "/tokens", CI | {"networks": [other]}, token=narrow)
    unknown = world.api("POST", "/tokens", CI | {"networks": ["net_none"]}, token=narrow)

    assert (unseen.status, unknown.status) == (422, 422)
    assert unseen.text.replace(other, "X") == unknown.text.replace("net_none", "X")
    assert made(world, narrow)["token"]["networks"] == [lab]
    assert world.api("GET", f"/networks/{other}", token=narrow).status == 404


def test_a_revoked_token_ends_at_once_and_a_second_time_is_not_found(world: World, ana: str) -> None:
    created = made(world, ana)
    path = f"/tokens/{created['token']['id']}"

    assert world.api("DELETE", path, token=ana).status == 204
    assert world.api("GET", "/me", token=created["secret"]).status == 401
    again = world.api("DELETE", path, token=ana)
    assert (again.status, again.json["code"]) == (404, "token_not_found")


def test_anothers_token_is_not_there_but_for_administrators(world: World, ana: str) -> None:
    created = made(world, ana)["token"]
    ben, administrator = world.person("ben", Role.OPERATOR), world.person("admin", Role.ADMINISTRATOR)
    path = f"/tokens/{created['id']}"

    refused, unknown = (world.api("DELETE", one, token=ben) for one in (path, "/tokens/tok_x_y"))
    assert refused.status == 404
    assert refused.text.replace(created["id"], "X") == unknown.text.replace("tok_x_y", "X")
    assert world.api("GET", "/tokens", token=ben).json["items"] == []
    assert world.api("GET", "/tokens?everybody=true", token=ben).status == 403

    every = world.api("GET", "/tokens?everybody=true", token=administrator).json["items"]
    assert created["id"] in [token["id"] for token in every]
    assert world.api("DELETE", path, token=administrator).status == 204


def test_a_request_sent_twice_makes_one_token_and_shows_no_secret_again(world: World, ana: str) -> None:
    key = {"idempotency-key": "k1"}
    first = world.api("POST", "/tokens", CI, token=ana, headers=key).json
    again = world.api("POST", "/tokens", CI, token=ana, headers=key).json

    assert (again["token"]["id"], again["secret"], again["replayed"]) == (first["token"]["id"], None, True)


@pytest.mark.parametrize(
    "wrong",
    [{"role": "root"}, {"name": ""}, {"name": "a\nb"}, {"expires_in_days": 367}, {"networks": ["x"]}, {"secret": "s"}],
)
def test_a_wrong_field_is_named_and_nothing_is_made(world: World, ana: str, wrong: dict[str, object]) -> None:
    answer = world.api("POST", "/tokens", CI | wrong, token=ana)

    assert answer.status == 422
    assert next(iter(wrong)) in answer.text
    assert world.api("GET", "/tokens", token=ana).json["items"] == []


def test_what_was_made_and_revoked_is_in_the_audit_log_without_the_secret(world: World, ana: str) -> None:
    created = made(world, ana)
    world.api("DELETE", f"/tokens/{created['token']['id']}", token=ana)

    records = [one for one in world.outside.tables.audit.values() if one.target.id != one.actor.id]
    assert [(one.action, one.actor.name, one.target.id, one.source) for one in records] == [
        ("token_created", "ana", created["token"]["id"], "203.0.113.9"),
        ("token_revoked", "ana", created["token"]["id"], "203.0.113.9"),
    ]
    assert created["secret"].rpartition(".")[2] not in repr(records)
