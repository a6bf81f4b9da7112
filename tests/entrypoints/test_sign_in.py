"""What a person, the log and an administrator learn of who was let in as what, and who was not."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.bootstrap import container as bootstrap
from chalicelib.bootstrap.container import Container
from chalicelib.domain.identity.errors import IssuerDiffers, TokenRefused
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Claims, seen
from chalicelib.observability import logger
from chalicelib.settings import settings_from
from tests.rest_function import Answer
from tests.world import ENVIRONMENT, World

NAMED = {"ADMINISTRATOR": "ops@example.org"}
TOKEN = "header.claims.signature"
ISSUER = "https://idp.example.com"


class Lines(logging.Handler):
    """The lines of log, as they were given."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(record)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [vars(line) for line in self.all if line.getMessage() == event]


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept = Lines()
    told = logging.getLogger(logger.name)
    told.addHandler(kept)
    yield kept
    told.removeHandler(kept)


@pytest.fixture
def world() -> World:
    return World()


def asked(world: World, claims: dict[str, Any], **settings: str) -> Answer:
    """`GET /me` by a person of whom the provider says this, at a deployment with these settings."""
    bootstrap.install(Container(settings_from({**ENVIRONMENT, **settings}), world.outside))
    ends = world.outside.clock.now() + timedelta(hours=1)
    said = {"issuer": ISSUER, "subject": "AAAAAentra", "email": None, "name": None, "groups": frozenset(), **claims}
    world.outside.identities.known[TOKEN] = Claims(expires_at=ends, **said)
    return world.api("GET", "/me", token=TOKEN)


UNVERIFIED = {"unverified_email": "ops@example.org"}


@pytest.mark.parametrize(
    ("claims", "settings", "role", "source"),
    [
        ({"groups": {"wirety-auditor"}}, {}, "auditor", "group"),
        ({"subject": "ops@example.org"}, NAMED, "administrator", "deployment"),
        ({"email": "ops@example.org"}, {"ADMINISTRATOR": "Ops@Example.org"}, "administrator", "deployment"),
        ({}, {"DEFAULT_ROLE": "member"}, "member", "default"),
    ],
)
def test_a_person_is_told_where_their_role_comes_from(
    world: World, claims: dict[str, Any], settings: dict[str, str], role: str, source: str
) -> None:
    me = asked(world, claims, **settings).json

    assert (me["role"], me["role_source"], me["doubts"]) == (role, source, [])


def test_a_token_for_scripts_has_a_role_of_its_own(world: World) -> None:
    assert world.api("GET", "/me").json["role_source"] == "token"


def test_a_named_administrator_whose_email_is_not_verified_learns_what_to_do(world: World, lines: Lines) -> None:
    refused = asked(world, UNVERIFIED, **NAMED)
    let_in = asked(world, UNVERIFIED, **NAMED, DEFAULT_ROLE="member")

    assert (refused.status, refused.json["code"]) == (403, "not_invited")
    assert "Administrator=AAAAAentra" in refused.json["detail"]
    assert let_in.json["role"] == "member"
    (doubt,) = let_in.json["doubts"]
    assert doubt["code"] == "email_not_verified"
    assert "Administrator=AAAAAentra" in doubt["text"]
    (line,) = lines.of("sign_in_refused")
    assert (line["reason"], line["subject"]) == ("not_invited", "AAAAAentra")
    assert "email_not_verified" in line["doubts"]
    (line,) = lines.of("role_in_doubt")
    assert "Administrator=AAAAAentra" in line["doubts"]["email_not_verified"]


def test_groups_that_were_left_out_give_no_default_role(world: World, lines: Lines) -> None:
    refused = asked(world, {"groups": None}, DEFAULT_ROLE="member")

    assert (refused.status, refused.json["code"]) == (403, "not_invited")
    assert "too many" in refused.json["detail"]
    assert "OidcGroupsClaim=roles" in refused.json["detail"]
    assert list(lines.of("sign_in_refused")[0]["doubts"]) == ["groups_left_out"]


def test_groups_that_were_left_out_leave_a_role_of_the_record(world: World) -> None:
    claims = Claims(ISSUER, "AAAAAentra", None, None, None, world.outside.clock.now())
    known = replace(seen(None, claims, world.outside.clock.now()), role=Role.OPERATOR)
    world.outside.tables.users[known.id] = known

    me = asked(world, {"groups": None}, DEFAULT_ROLE="member").json

    assert (me["role"], me["role_source"]) == ("operator", "record")
    assert [doubt["code"] for doubt in me["doubts"]] == ["groups_left_out"]


def test_groups_that_were_left_out_leave_the_role_that_they_gave_before(world: World) -> None:
    assert asked(world, {"groups": frozenset({"wirety-auditor"})}).json["role"] == "auditor"

    me = asked(world, {"groups": None}, DEFAULT_ROLE="member").json

    assert (me["role"], me["role_source"]) == ("auditor", "group")
    assert [doubt["code"] for doubt in me["doubts"]] == ["groups_left_out"]


def test_groups_that_give_nothing_are_named_to_the_person(world: World) -> None:
    refused = asked(world, {"other_groups": frozenset({"/contractors/wirety-administrator"})})

    assert refused.status == 403
    assert "'/contractors/wirety-administrator'" in refused.json["detail"]
    assert "path is not cut" in refused.json["detail"]


@pytest.mark.parametrize(
    ("error", "status", "level", "reason"),
    [
        (TokenRefused("issuer", "Of another.", configured="x", token_issuer="y", ver="1.0"), 401, "WARNING", "issuer"),
        (TokenRefused("expired", "The token has expired."), 401, "INFO", "expired"),
        (IssuerDiffers("x", "y", "Change it."), 403, "ERROR", "issuer_differs"),
    ],
)
def test_a_refused_token_is_one_line_of_log_that_does_not_hold_it(
    world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, level: str, reason: str
) -> None:
    def refuse(_token: str) -> Claims:
        raise error

    monkeypatch.setattr(world.outside.identities, "verify", refuse)
    answer = world.api("GET", "/me", token=TOKEN)

    (line,) = lines.of("sign_in_refused")
    assert (answer.status, line["levelname"], line["reason"]) == (status, level, reason)
    assert TOKEN not in str(line)


def test_a_fact_of_a_token_is_logged_up_to_a_length(
    world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_token: str) -> Claims:
        raise TokenRefused("unknown_key", "No.", kid="k" * 5000)

    monkeypatch.setattr(world.outside.identities, "verify", refuse)
    world.api("GET", "/me", token=TOKEN)

    assert len(lines.of("sign_in_refused")[0]["facts"]["kid"]) == 300


@pytest.mark.parametrize("role", list(Role))
def test_administrators_have_the_provider_examined_and_nobody_else(world: World, role: Role) -> None:
    token = world.container.api_tokens.create_for_deployment("t", role).text()

    answer = world.api("GET", "/auth/config?check=true", token=token)

    if role is Role.ADMINISTRATOR:
        assert [finding["code"] for finding in answer.json["findings"]] == ["discovery"]
    else:
        assert (answer.status, answer.json["code"]) == (403, "forbidden")


def test_a_stranger_has_nothing_examined(world: World) -> None:
    assert world.api("GET", "/auth/config?check=true", token="wirety_api.tok_none.secret").status == 401
    assert world.api("GET", "/auth/config?check=false", token="wirety_api.tok_none.secret").status == 200
