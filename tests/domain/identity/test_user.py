"""Whom a deployment lets in, and as what."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.identity.errors import NotInvited, Suspended
from chalicelib.domain.identity.principal import Role, RoleSource
from chalicelib.domain.identity.user import (
    Admission,
    Claims,
    User,
    admitted,
    advanced,
    counted,
    lower_email,
    seen,
    standing,
    user_id,
)
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId
from tests.builders import T0

ANA = Claims("https://idp", "sub-1", "ana@example.com", "Ana", frozenset(), T0 + timedelta(hours=1))
CLOSED = Admission(administrator=None, default_role=None)


def role(claims: Claims = ANA, user: User | None = None, admission: Admission = CLOSED) -> Role:
    return admitted(seen(user, claims, T0), claims, admission).role


def test_who_nobody_invited_stays_outside_also_as_the_first() -> None:
    with pytest.raises(NotInvited, match=r"ana@example\.com"):
        role()


@pytest.mark.parametrize("named", ["sub-1", "ana@example.com"])
def test_the_administrator_is_named_at_deployment(named: str) -> None:
    assert role(admission=Admission(named, None)) is Role.ADMINISTRATOR


@pytest.mark.parametrize("named", ["kim@example.com", "Kim@Example.com", "KIM@EXAMPLE.COM"])
def test_an_address_names_the_administrator_in_any_case_of_its_letters(named: str) -> None:
    kim = replace(ANA, email=lower_email("Kim@example.COM"))

    assert role(kim, admission=Admission(named, None)) is Role.ADMINISTRATOR


@pytest.mark.parametrize("other", ["\u212aim@example.com", "k\u0130m@example.com", "k\u0131m@example.com"])
def test_an_address_of_other_letters_that_look_alike_names_nobody(other: str) -> None:
    with pytest.raises(NotInvited):
        role(replace(ANA, email=lower_email(other)), admission=Admission("kim@example.com", None))


def test_an_unverified_email_names_nobody() -> None:
    with pytest.raises(NotInvited):
        role(replace(ANA, email=None), admission=Admission("ana@example.com", None))


def test_no_administrator_named_is_nobody_rather_than_who_has_no_email() -> None:
    with pytest.raises(NotInvited):
        role(replace(ANA, email=None))


def test_the_mightiest_group_of_the_provider_counts() -> None:
    groups = frozenset({"wirety-member", "wirety-operator", "staff"})

    assert role(replace(ANA, groups=groups)) is Role.OPERATOR


@pytest.mark.parametrize("groups", [{"administrator"}, {"wirety-"}, {"wirety-root"}, {"Wirety-Administrator"}])
def test_another_group_gives_nothing(groups: set[str]) -> None:
    with pytest.raises(NotInvited):
        role(replace(ANA, groups=groups))


def test_the_providers_word_comes_before_the_record_and_that_before_name_and_default() -> None:
    user = replace(seen(None, ANA, T0), role=Role.AUDITOR)
    named = Admission("sub-1", Role.MEMBER)

    assert role(replace(ANA, groups={"wirety-member"}), user, named) is Role.MEMBER
    assert role(ANA, user, named) is Role.AUDITOR
    assert role(ANA, None, named) is Role.ADMINISTRATOR
    assert role(replace(ANA, subject="sub-2", email=None), None, named) is Role.MEMBER


def test_a_member_sees_the_networks_of_the_record_and_none_without() -> None:
    member = replace(seen(None, ANA, T0), role=Role.MEMBER)

    assert admitted(member, ANA, CLOSED).networks == frozenset()
    lab = frozenset({NetworkId("net_1")})
    assert admitted(replace(member, networks=lab), ANA, CLOSED).networks == lab
    assert admitted(replace(member, networks=frozenset({EVERY_NETWORK})), ANA, CLOSED).networks is None


def test_networks_narrow_every_role() -> None:
    operator = replace(seen(None, ANA, T0), role=Role.OPERATOR)
    lab = frozenset({NetworkId("net_1")})

    assert admitted(operator, ANA, CLOSED).networks is None
    assert admitted(replace(operator, networks=lab), ANA, CLOSED).networks == lab


def test_what_the_provider_does_not_say_of_an_address_leaves_what_it_said() -> None:
    known = seen(None, ANA, T0)

    assert seen(known, replace(ANA, email=None), T0).email == ANA.email
    assert seen(known, replace(ANA, email=None, unverified_email="b@example.com"), T0).email is None


def test_of_two_tokens_the_younger_one_counts() -> None:
    def token(group: str, at: datetime) -> Claims:
        return replace(ANA, groups={f"wirety-{group}"}, issued_at=at)

    early, late = token("administrator", T0), token("auditor", T0 + timedelta(seconds=1))

    assert seen(seen(None, early, T0), late, T0).group_role is Role.AUDITOR
    assert seen(seen(None, late, T0), early, T0).group_role is Role.AUDITOR
    assert seen(seen(None, late, T0), replace(early, issued_at=late.issued_at), T0).group_role is Role.ADMINISTRATOR


def test_an_administrator_counts_while_they_may_decide_for_the_whole_deployment() -> None:
    user, named = seen(None, ANA, T0), Admission("sub-1", None)
    lab = frozenset({NetworkId("net_1")})

    def is_one(of: User, admission: Admission = CLOSED) -> bool:
        return counted(of, admission).is_administrator

    assert is_one(replace(user, role=Role.ADMINISTRATOR))
    assert is_one(replace(user, group_role=Role.ADMINISTRATOR, role=Role.MEMBER))
    assert is_one(user, named)
    assert not is_one(replace(user, role=Role.ADMINISTRATOR, networks=lab))
    assert not is_one(replace(user, is_suspended=True), named)
    assert not is_one(replace(user, subject=None, role=Role.ADMINISTRATOR))
    assert not is_one(replace(user, role=Role.OPERATOR))


def test_a_record_takes_the_next_revision_when_what_decides_about_the_person_is_other() -> None:
    user = seen(None, ANA, T0)

    assert advanced(user, replace(user, name="Anna", last_seen_at=None)).revision == user.revision
    for other in (
        replace(user, role=Role.MEMBER),
        replace(user, email=None),
        replace(user, group_role=Role.MEMBER),
        replace(user, networks=frozenset[NetworkId]()),
        replace(user, is_suspended=True),
    ):
        assert advanced(user, other).revision == user.revision + 1


def test_suspension_beats_every_other_source() -> None:
    suspended = replace(seen(None, ANA, T0), role=Role.ADMINISTRATOR, is_suspended=True)

    with pytest.raises(Suspended, match=r"ana@example\.com"):
        role(replace(ANA, groups={"wirety-administrator"}), suspended, Admission("sub-1", Role.MEMBER))


def test_what_the_provider_leaves_out_of_groups_is_not_none_of_them() -> None:
    operator = seen(None, replace(ANA, groups={"wirety-operator"}), T0)

    assert seen(operator, replace(ANA, groups=None), T0).group_role is Role.OPERATOR
    assert seen(operator, ANA, T0).group_role is None


def test_a_role_says_where_it_comes_from() -> None:
    user, named = seen(None, ANA, T0), Admission("ANA@example.com", Role.MEMBER)

    def source(of: User, admission: Admission) -> RoleSource | None:
        own = standing(of, admission)
        return None if own is None else own.source

    assert source(replace(user, group_role=Role.MEMBER), named) is RoleSource.GROUP
    assert source(replace(user, role=Role.MEMBER), named) is RoleSource.RECORD
    assert source(user, named) is RoleSource.DEPLOYMENT
    assert source(user, Admission(None, Role.MEMBER)) is RoleSource.DEFAULT
    assert source(user, CLOSED) is None


def test_a_principal_ends_with_its_token() -> None:
    assert admitted(seen(None, ANA, T0), ANA, Admission("sub-1", None)).expires_at == ANA.expires_at


def test_the_same_subject_of_another_provider_is_another_person() -> None:
    assert user_id("https://idp", "1") == user_id("https://idp", "1")
    assert len({user_id("https://idp", "1"), user_id("https://idp2", "1"), user_id("https://id", "p1")}) == 3
    assert len(user_id("https://idp", "1")) == len("usr_") + 26
