"""Tokens, enrolments and roles."""

from datetime import timedelta

import pytest

from chalicelib.domain.errors import Forbidden, NetworkNotFound, Unauthenticated
from chalicelib.domain.identity.principal import READERS, WRITERS, Principal, Role
from chalicelib.domain.identity.tokens import Token, parse_token
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.peer.errors import EnrollmentRefused
from chalicelib.domain.peer.peer import EnrollmentToken
from tests.builders import T0

TOKEN = Token("wirety_enroll", "net_1:dyn_1", "s3cret")
ISSUED = EnrollmentToken(TOKEN.hashed(), T0 + timedelta(hours=24))


def test_a_token_never_shows_its_secret_but_in_its_text() -> None:
    assert "s3cret" not in repr(TOKEN)
    assert parse_token(TOKEN.text(), "wirety_enroll") == TOKEN


@pytest.mark.parametrize("text", ["", "x", "wirety_enroll..s", "wirety_enroll.a.b.c", "wirety_api.tok.s"])
def test_what_is_no_token_of_the_kind_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_token(text, "wirety_enroll")


def test_only_the_secret_itself_proves() -> None:
    assert TOKEN.proves(TOKEN.hashed())
    assert not Token(TOKEN.prefix, TOKEN.record, "other").proves(TOKEN.hashed())


def test_the_same_device_may_use_its_token_again() -> None:
    used = ISSUED.used_by("device", T0)

    assert used.used_by("device", T0) == used


def test_another_device_may_not() -> None:
    with pytest.raises(EnrollmentRefused, match="another machine"):
        ISSUED.used_by("device", T0).used_by("thief", T0)


def test_a_token_is_good_until_just_before_it_expires() -> None:
    assert ISSUED.used_by("device", ISSUED.expires_at - timedelta(microseconds=1)).device_key == "device"
    with pytest.raises(EnrollmentRefused, match="expired"):
        ISSUED.used_by("device", ISSUED.expires_at)


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        (Role.ADMINISTRATOR, True, True),
        (Role.OPERATOR, True, True),
        (Role.AUDITOR, True, False),
        (Role.MEMBER, False, False),
    ],
)
def test_what_a_role_may_do(role: Role, reads: bool, writes: bool) -> None:
    principal = Principal(PrincipalId("tok"), "t", role, None)
    for roles, may in ((READERS, reads), (WRITERS, writes)):
        if may:
            principal.require(roles)
        else:
            with pytest.raises(Forbidden):
                principal.require(roles)


def test_a_network_out_of_sight_looks_like_none() -> None:
    principal = Principal(PrincipalId("tok"), "t", Role.OPERATOR, frozenset({NetworkId("net_1")}))

    principal.require_sight(NetworkId("net_1"))
    with pytest.raises(NetworkNotFound):
        principal.require_sight(NetworkId("net_2"))
