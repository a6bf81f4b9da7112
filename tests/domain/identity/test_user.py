"""Whom a deployment lets in, and as what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.identity.errors import NotInvited
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Admission, Claims, User, admitted, lower_email, newcomer, user_id
from chalicelib.domain.ids import NetworkId
from tests.builders import T0

ANA = Claims("https://idp", "sub-1", "ana@example.com", "Ana", frozenset(), T0 + timedelta(hours=1))
CLOSED = Admission(administrator=None, default_role=None)


def role(claims: Claims = ANA, user: User | None = None, admission: Admission = CLOSED) -> Role:
    return admitted(user or newcomer(claims, T0), claims, admission).role


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
    user = replace(newcomer(ANA, T0), role=Role.AUDITOR)
    named = Admission("sub-1", Role.MEMBER)

    assert role(replace(ANA, groups={"wirety-member"}), user, named) is Role.MEMBER
    assert role(ANA, user, named) is Role.AUDITOR
    assert role(ANA, None, named) is Role.ADMINISTRATOR
    assert role(replace(ANA, subject="sub-2", email=None), None, named) is Role.MEMBER


def test_a_member_sees_the_networks_of_the_record_and_none_without() -> None:
    member = replace(newcomer(ANA, T0), role=Role.MEMBER)

    assert admitted(member, ANA, CLOSED).networks == frozenset()
    lab = frozenset({NetworkId("net_1")})
    assert admitted(replace(member, networks=lab), ANA, CLOSED).networks == lab
    assert admitted(replace(member, role=Role.OPERATOR, networks=lab), ANA, CLOSED).networks is None


def test_a_principal_ends_with_its_token() -> None:
    assert admitted(newcomer(ANA, T0), ANA, Admission("sub-1", None)).expires_at == ANA.expires_at


def test_the_same_subject_of_another_provider_is_another_person() -> None:
    assert user_id("https://idp", "1") == user_id("https://idp", "1")
    assert len({user_id("https://idp", "1"), user_id("https://idp2", "1"), user_id("https://id", "p1")}) == 3
    assert len(user_id("https://idp", "1")) == len("usr_") + 26
