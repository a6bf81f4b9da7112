"""Who a credential belongs to, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.identity.api_token import DEPLOYMENT_ITSELF, ApiToken, LastUse, token_id
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import User, invitation_id
from chalicelib.domain.identity.writes import (
    ClaimEmail,
    IdentityWrite,
    PutSettings,
    PutToken,
    PutUser,
    ReleaseEmail,
    RemoveToken,
    RemoveUser,
)
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId, PrincipalId, Revision
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import T0

LATER = T0 + timedelta(minutes=11)
NETWORKS = frozenset({NetworkId("net_1"), NetworkId("net_2")})
BARE = User(PrincipalId("usr_1"), "https://idp", "sub", None, None, T0)
WHOLE = User(
    PrincipalId("usr_2"),
    "https://idp",
    "sub-2",
    "a@example.com",
    "Ana",
    T0,
    Role.MEMBER,
    NETWORKS,
    Role.AUDITOR,
    is_suspended=True,
    invited_by=BARE.id,
    last_seen_at=LATER,
    told_at=T0,
    is_administrator=True,
)
TOKEN = ApiToken(token_id(WHOLE.id, "1"), "Ana", "ci", Role.AUDITOR, NETWORKS, Secret("hash"), T0, LATER)
OWN = replace(TOKEN, id=token_id(DEPLOYMENT_ITSELF, "2"), networks=None, expires_at=None)


def write(outside: Outside, *writes: IdentityWrite) -> None:
    outside.transactions.commit(Commit(None, writes))


@pytest.mark.parametrize("user", [BARE, WHOLE, replace(WHOLE, networks=frozenset({EVERY_NETWORK}), subject=None)])
def test_a_person_is_added_once_and_comes_back_as_they_were(outside: Outside, user: User) -> None:
    write(outside, PutUser(user))
    with pytest.raises(CommitConflict):
        write(outside, PutUser(replace(user, name="another")))

    assert outside.accounts.user(user.id) == (user, None)
    assert outside.accounts.user(PrincipalId("usr_3")) == (None, None)


@pytest.mark.parametrize("token", [TOKEN, OWN, replace(TOKEN, last_use=LastUse(LATER, None))])
def test_an_api_token_comes_back_as_it_was_and_with_its_maker(outside: Outside, token: ApiToken) -> None:
    settings = DeploymentSettings(None, 7, Revision(1))
    write(outside, PutToken(token), PutUser(WHOLE), PutSettings(settings))

    maker = WHOLE if token.maker_id == WHOLE.id else None
    assert outside.accounts.token(token.id) == (token, maker, settings)
    assert outside.accounts.token(token_id(BARE.id, "1")) == (None, None, settings)


def test_what_is_noted_in_passing_changes_nothing_that_administrators_decide(outside: Outside) -> None:
    write(outside, PutUser(WHOLE))
    decided = replace(WHOLE, role=Role.OPERATOR, is_suspended=False, revision=Revision(2))
    write(outside, PutUser(decided))

    outside.accounts.note_seen(replace(WHOLE, name=None, email="b@example.com", group_role=None, told_at=T0), LATER)
    outside.accounts.note_seen(BARE, LATER)

    noted = replace(decided, name=None, told_at=T0, last_seen_at=LATER)
    assert outside.accounts.user(WHOLE.id)[0] == noted
    assert outside.accounts.user(BARE.id)[0] is None


def test_a_tokens_use_is_noted_unless_it_was_revoked(outside: Outside) -> None:
    write(outside, PutToken(TOKEN))
    outside.accounts.note_use(TOKEN, LastUse(LATER, "203.0.113.9"))
    assert outside.accounts.token(TOKEN.id)[0] == replace(TOKEN, last_use=LastUse(LATER, "203.0.113.9"))

    write(outside, RemoveToken(TOKEN))
    outside.accounts.note_use(TOKEN, LastUse(LATER, None))
    assert outside.accounts.token(TOKEN.id)[0] is None


def test_who_decides_by_what_is_no_longer_so_decides_again(outside: Outside) -> None:
    second = replace(BARE, role=Role.OPERATOR, revision=Revision(2))
    write(outside, PutUser(BARE))
    write(outside, PutUser(second))

    for late in (PutUser(BARE), PutUser(second), RemoveUser(BARE)):
        with pytest.raises(CommitConflict):
            write(outside, late)
    assert outside.accounts.user(BARE.id)[0] == second

    write(outside, RemoveUser(second))
    assert outside.accounts.user(BARE.id)[0] is None


def test_an_address_is_held_by_one_and_handed_on(outside: Outside) -> None:
    invited = User(invitation_id("ana@example.com"), None, None, "ana@example.com", None, T0, Role.MEMBER)
    write(outside, PutUser(invited), ClaimEmail("ana@example.com", invited.id))

    assert outside.accounts.of_email("Ana@Example.com") == (invited.id, invited)
    assert outside.accounts.of_email("ben@example.com") == (None, None)
    for late in (
        ClaimEmail("ana@example.com", BARE.id),
        ClaimEmail("ana@example.com", BARE.id, WHOLE.id),
        ReleaseEmail("ana@example.com", BARE.id),
        ReleaseEmail("ben@example.com", BARE.id),
    ):
        with pytest.raises(CommitConflict):
            write(outside, late)

    write(outside, RemoveUser(invited), ClaimEmail("ana@example.com", BARE.id, invited.id))
    assert outside.accounts.of_email("ana@example.com") == (BARE.id, None)
    write(outside, ReleaseEmail("ana@example.com", BARE.id))
    assert outside.accounts.of_email("ana@example.com") == (None, None)


def test_settings_are_replaced_by_who_read_them(outside: Outside) -> None:
    first = DeploymentSettings(Role.MEMBER, 3, Revision(1))
    second = DeploymentSettings(None, 0, Revision(2))
    write(outside, PutSettings(first))

    with pytest.raises(CommitConflict):
        write(outside, PutSettings(replace(second, revision=Revision(1))))
    write(outside, PutSettings(second))
    assert outside.accounts.user(BARE.id) == (None, second)
    assert outside.accounts.settings() == second


def test_a_token_is_revoked_once(outside: Outside) -> None:
    write(outside, PutToken(TOKEN))
    write(outside, RemoveToken(TOKEN))

    with pytest.raises(ConditionFailed):
        write(outside, RemoveToken(TOKEN))
