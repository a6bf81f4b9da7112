"""Administrators invite, change, suspend and remove people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity.audit import AuditFilter
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Claims, user_id
from chalicelib.domain.ids import PrincipalId
from tests.application.identity.test_api_tokens import ANA, made_by_ana
from tests.rest_function import Answer
from tests.world import World

ISSUER = "https://idp.example.com"


def a_person(world: World, name: str, *groups: str, email: str | None = None, issued_s: int | None = None) -> str:
    """A token by which the provider vouches for somebody, and for their address."""
    now = world.outside.clock.now()
    token = f"header.{name}{issued_s or ''}.signature"
    issued_at = None if issued_s is None else now + timedelta(seconds=issued_s)
    world.outside.identities.known[token] = Claims(
        ISSUER, name, email, name.title(), frozenset(groups), now + timedelta(hours=1), issued_at=issued_at
    )
    return token


def invited(world: World, email: str, role: str = "operator", networks: list[str] | None = None, **more: Any) -> Answer:
    return world.api("POST", "/users", {"email": email, "role": role, "networks": networks}, **more)


def id_of(name: str) -> PrincipalId:
    return user_id(ISSUER, name)


def actions(world: World) -> list[str]:
    records = world.outside.audit.page(AuditFilter(), 50).records
    return [record.action for record in reversed(records) if "user" in record.action or "settings" in record.action]


def test_an_invitation_waits_for_whoever_has_the_address_and_becomes_them(world: World) -> None:
    network = world.network()
    made = invited(world, "Ana@Example.com", "operator", [network])
    stranger = world.api("GET", "/me", token=a_person(world, "eve", email="eve@example.com"))
    me = world.api("GET", "/me", token=a_person(world, "ana", email="ana@example.com")).json

    assert (made.status, made.json["email"], made.json["state"]) == (201, "ana@example.com", "invited")
    assert (made.json["role"], made.json["own_role"], made.json["networks"]) == (None, "operator", [network])
    assert world.outside.pool.invited == ["ana@example.com"]
    assert made.json["is_mailed"] is True
    assert stranger.status == 403
    assert (me["role"], me["role_source"], me["networks"]) == ("operator", "record", [network])
    [ana] = world.api("GET", "/users").json["items"]
    assert (ana["id"], ana["state"], ana["role"], ana["own_role"]) == (id_of("ana"), "active", "operator", "operator")
    assert ana["invited_by"] == made.json["invited_by"] == "deployment"
    assert ana["is_mailed"] is None
    assert actions(world) == ["user_invited", "user_joined"]


def test_a_member_learns_the_names_of_the_networks_they_were_granted(world: World) -> None:
    lab, gone = world.network("lab"), world.network("gone", "10.1.0.0/24")
    invited(world, "ana@example.com", "member", [lab, gone])
    ana = a_person(world, "ana", email="ana@example.com")
    world.api("DELETE", f"/networks/{gone}")

    granted = {
        name: world.api("GET", "/me", token=token).json["granted"]
        for name, token in (
            ("member", ana),
            ("operator", a_person(world, "ben", "wirety-operator")),
            ("token", world.token),
        )
    }

    assert granted == {"member": [{"id": lab, "name": "lab"}], "operator": None, "token": None}


def test_an_address_that_the_provider_does_not_vouch_for_takes_no_invitation(world: World) -> None:
    invited(world, "ana@example.com")

    assert world.api("GET", "/me", token=a_person(world, "mallory")).status == 403
    assert [user["state"] for user in world.api("GET", "/users").json["items"]] == ["invited"]


def test_an_address_is_invited_once_in_whatever_case(world: World) -> None:
    first = invited(world, "ana@example.com").json
    again = invited(world, "ANA@example.COM")
    world.api("GET", "/me", token=a_person(world, "ana", email="ana@example.com"))
    late = invited(world, "Ana@example.com")

    assert (again.status, again.json["code"]) == (409, "email_in_use")
    assert "invited already" in again.json["detail"]
    assert first["id"] in again.json["detail"]
    assert (late.status, late.json["code"]) == (409, "email_in_use")
    assert "a user already" in late.json["detail"]
    assert world.outside.pool.invited == ["ana@example.com"]


@pytest.mark.parametrize(
    "email",
    [
        *("", "ana", "ana@", "@example.com", "ana@example", "ana@-example.com", "a b@example.com", "ana@example.com\n"),
        *("änä@example.com", "ana@exämple.com", ".ana@example.com", "a..a@example.com", f"{'a' * 65}@example.com"),
        *("ana@example.com, ben@example.com", "Ana <ana@example.com>", f"a@{'a.' * 130}com", "ana@127.0.0.1"),
    ],
)
def test_what_is_no_address_is_refused_by_the_field(world: World, email: str) -> None:
    answer = invited(world, email)

    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, ["email"])
    assert world.outside.tables.users == {}


def test_networks_that_do_not_exist_are_named_and_nothing_is_kept(world: World) -> None:
    network = world.network()
    asked = invited(world, "ana@example.com", "member", ["net_zz", network, "x"])
    unknown = invited(world, "ana@example.com", "member", ["net_yy", network, "net_zz"])

    assert (asked.status, [error["field"] for error in asked.json["errors"]]) == (422, ["networks[2]"])
    assert unknown.status == 422
    assert [error["message"] for error in unknown.json["errors"]] == [
        "There is no network net_yy.",
        "There is no network net_zz.",
    ]
    assert world.outside.tables.users == {}
    assert world.outside.pool.invited == []
    made = invited(world, "ana@example.com", "member", [network]).json
    assert world.api("PATCH", f"/users/{made['id']}", {"networks": ["net_yy"]}).status == 422


def test_a_role_that_does_not_exist_is_refused(world: World) -> None:
    assert invited(world, "ana@example.com", "emperor").status == 422


def test_an_invitation_is_sent_once_under_one_key(world: World) -> None:
    key = {"idempotency-key": "k"}
    first, again = (invited(world, "ana@example.com", headers=key) for _ in range(2))

    assert (first.status, again.status) == (201, 201)
    assert first.json["id"] == again.json["id"]
    assert world.outside.pool.invited == ["ana@example.com"]


def test_what_is_changed_of_a_person_counts_with_their_next_call(world: World) -> None:
    network = world.network()
    token = a_person(world, "ana", "wirety-operator", email="ana@example.com")
    world.api("GET", "/me", token=token)
    path = f"/users/{id_of('ana')}"

    def me() -> tuple[int, Any, Any]:
        answer = world.api("GET", "/me", token=token)
        return answer.status, answer.json.get("role"), answer.json.get("networks")

    before = world.api("GET", path)
    narrowed = world.api("PATCH", path, {"networks": [network]}, headers={"if-match": before.headers["ETag"]})
    assert (narrowed.status, narrowed.json["networks"], me()) == (200, [network], (200, "operator", [network]))
    assert world.api("PATCH", path, {"networks": None}, headers={"if-match": before.headers["ETag"]}).status == 412
    assert world.api("PATCH", path, {"networks": None}).json["networks"] is None
    assert me() == (200, "operator", None)
    suspended = world.api("PATCH", path, {"is_suspended": True}).json
    assert (suspended["state"], suspended["role"], me()[0]) == ("suspended", None, 403)
    assert world.api("PATCH", path, {"is_suspended": False, "role": "auditor"}).json["own_role"] == "auditor"
    assert me() == (200, "operator", None)  # of the group
    assert world.api("DELETE", path).status == 204
    assert world.api("GET", path).json["code"] == "user_not_found"
    assert actions(world)[1:] == ["user_changed", "user_changed", "user_suspended", "user_restored", "user_removed"]
    record = world.outside.audit.page(AuditFilter(action="user_suspended"), 1).records[0]
    assert (record.before, record.after) == ({"is_suspended": False}, {"is_suspended": True})
    assert (record.actor.kind, record.request_id) == ("api_token", "req-test")


def test_what_changes_nothing_writes_nothing(world: World) -> None:
    made = invited(world, "ana@example.com").json

    again = world.api("PATCH", f"/users/{made['id']}", {"role": "operator"}).json

    assert again["revision"] == made["revision"]
    assert actions(world) == ["user_invited"]


def test_an_invitation_can_be_changed_and_taken_back_and_not_suspended(world: World) -> None:
    path = f"/users/{invited(world, 'ana@example.com').json['id']}"

    assert world.api("PATCH", path, {"is_suspended": True}).json["code"] == "not_signed_in"
    assert world.api("PATCH", path, {"role": "auditor"}).json["own_role"] == "auditor"
    assert world.api("DELETE", path).status == 204
    assert world.api("GET", "/me", token=a_person(world, "ana", email="ana@example.com")).status == 403
    assert invited(world, "ana@example.com").status == 201


def test_who_was_removed_can_be_invited_anew(world: World) -> None:
    invited(world, "ana@example.com")
    token = a_person(world, "ana", email="ana@example.com")
    assert world.api("GET", "/me", token=token).status == 200

    assert world.api("DELETE", f"/users/{id_of('ana')}").status == 204
    assert world.api("GET", "/me", token=token).status == 403
    assert invited(world, "ana@example.com", "member").status == 201
    assert world.api("GET", "/me", token=token).json["role"] == "member"


def test_the_last_administrator_stays_whatever_made_them_one(world: World) -> None:
    world.api("GET", "/me", token=a_person(world, "ana", "wirety-administrator"))
    path = f"/users/{id_of('ana')}"

    ways: list[tuple[str, object]] = [("DELETE", None), ("PATCH", {"is_suspended": True}), ("PATCH", {"networks": []})]
    for method, body in ways:
        answer = world.api(method, path, body)
        assert (answer.status, answer.json["code"]) == (409, "last_administrator")
        assert "Make another user" in answer.json["detail"]
    assert world.api("PATCH", path, {"role": "member"}).json["role"] == "administrator"  # of the group still

    invited(world, "ben@example.com", "administrator")
    assert world.api("DELETE", path).status == 409  # who has not signed in is none yet
    world.api("GET", "/me", token=a_person(world, "ben", email="ben@example.com"))
    assert world.api("DELETE", path).status == 204
    assert world.api("PATCH", f"/users/{id_of('ben')}", {"role": "operator"}).status == 409


def test_who_the_provider_makes_an_administrator_no_longer_is_none_at_their_next_sign_in(world: World) -> None:
    def administrators() -> frozenset[PrincipalId]:
        return world.outside.users.administrators()

    world.api("GET", "/me", token=a_person(world, "ana", "wirety-administrator", issued_s=0))
    assert administrators() == {id_of("ana")}
    refused = world.api("GET", "/me", token=a_person(world, "ana", issued_s=60))

    assert refused.status == 403
    assert administrators() == frozenset()
    assert world.api("GET", "/me", token="header.ana.signature").status == 403  # the token of before


def test_an_older_token_of_the_same_person_brings_no_group_back(world: World) -> None:
    early = a_person(world, "ana", "wirety-administrator", issued_s=1)
    late = a_person(world, "ana", "wirety-auditor", issued_s=60)

    assert world.api("GET", "/me", token=early).json["role"] == "administrator"
    assert world.api("GET", "/me", token=late).json["role"] == "auditor"
    assert world.api("GET", "/me", token=early).json["role"] == "auditor"


def test_a_token_made_before_its_maker_was_removed_does_not_come_back_with_them(world: World) -> None:
    text = made_by_ana(world, Role.OPERATOR)
    later = world.outside.clock.now() + timedelta(days=1)
    world.outside.tables.users[ANA.id] = replace(ANA, created_at=later)

    assert world.api("GET", "/me", token=text).status == 401


def test_people_are_read_by_auditors_and_by_nobody_else(world: World) -> None:
    put = ("PUT", "/settings", {"default_role": None, "member_peer_limit": 1})

    def statuses(role: Role, *networks: str) -> list[int]:
        text = world.container.api_tokens.create_for_deployment("t", role, networks or None).text()  # type: ignore[arg-type]
        calls = [("GET", "/users", None), ("GET", "/settings", None), put]
        return [world.api(method, path, body, text).status for method, path, body in calls]

    assert statuses(Role.AUDITOR) == [200, 200, 403]
    assert statuses(Role.OPERATOR) == statuses(Role.MEMBER) == [403, 403, 403]
    assert statuses(Role.ADMINISTRATOR, world.network()) == [403, 403, 403]


def test_a_page_of_people_says_how_many_peers_each_owns(world: World) -> None:
    for number in range(3):
        invited(world, f"p{number}@example.com")
    world.outside.tables.owned[PrincipalId(sorted(world.outside.tables.users)[0])] = {("net", "dyn_1")}  # type: ignore[arg-type]

    first = world.api("GET", "/users?limit=2").json
    second = world.api("GET", f"/users?limit=2&cursor={first['next_cursor']}").json

    assert [user["owned_peers"] for user in first["items"] + second["items"]] == [1, 0, 0]
    assert second["next_cursor"] is None
    assert world.api("GET", "/users?cursor=x").status == 422
