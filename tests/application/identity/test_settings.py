"""What administrators decide for the whole deployment."""

import pytest

from chalicelib.domain.identity.audit import AuditFilter
from tests.application.identity.test_users import a_person
from tests.world import World


def test_who_is_let_in_without_an_invitation_is_decided_here(world: World) -> None:
    token = a_person(world, "eve")
    before = world.api("GET", "/settings")
    refused = world.api("GET", "/me", token=token)

    made = world.api("PUT", "/settings", {"default_role": "member", "member_peer_limit": 2})
    me = world.api("GET", "/me", token=token).json

    assert before.json == {"default_role": None, "member_peer_limit": 5, "revision": 0}
    assert refused.status == 403
    assert made.json == {"default_role": "member", "member_peer_limit": 2, "revision": 1}
    assert (me["role"], me["role_source"]) == ("member", "default")
    [record] = world.outside.audit.page(AuditFilter(action="settings_changed"), 5).records
    assert record.before == {"default_role": None, "member_peer_limit": 5}
    assert record.after == {"default_role": "member", "member_peer_limit": 2}


def test_settings_are_replaced_by_who_has_seen_them(world: World) -> None:
    body = {"default_role": "auditor", "member_peer_limit": 0}
    seen = {"if-match": world.api("GET", "/settings").headers["ETag"]}

    first = world.api("PUT", "/settings", body, headers=seen)
    late = world.api("PUT", "/settings", {**body, "member_peer_limit": 9}, headers=seen)
    same = world.api("PUT", "/settings", body)

    assert (first.status, late.status, late.json["code"]) == (200, 412, "stale")
    assert (same.json["revision"], same.headers["ETag"]) == (1, '"1"')


@pytest.mark.parametrize(
    "body",
    [{"default_role": "administrator", "member_peer_limit": 1}, {"default_role": None, "member_peer_limit": 101}],
)
def test_nobody_is_an_administrator_by_default(world: World, body: dict[str, object]) -> None:
    assert world.api("PUT", "/settings", body).status == 422
