"""Persons: who is let in is remembered, who is not leaves nothing."""

from datetime import timedelta

import pytest

from chalicelib.adapters.memory.identity import MemoryIdentities
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.identity.people import People
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.errors import NotInvited
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Admission, Claims, user_id
from tests.builders import T0

ADA = Claims("https://idp.example.com", "ada", "ada@example.com", "Ada", frozenset(), T0 + timedelta(hours=1))


def people(outside: MemoryOutside, default_role: Role | None) -> People:
    provider = MemoryIdentities()
    provider.known["good"] = ADA
    return People(
        outside.accounts,
        outside.transactions,
        provider,
        Admission(None, default_role),
        outside.clock,
        outside.randomness,
    )


def test_who_is_let_in_for_the_first_time_is_remembered_from_then_on() -> None:
    outside = MemoryOutside()
    first = people(outside, Role.MEMBER).authenticate("good")
    made_at = outside.clock.now()
    outside.clock.advance(timedelta(minutes=5))

    again = people(outside, Role.MEMBER).authenticate("good")

    stored = outside.users.get(user_id(ADA.issuer, ADA.subject))
    assert stored is not None
    assert (first, stored.id, stored.created_at) == (again, first.id, made_at)


def test_whom_nobody_invited_leaves_no_record() -> None:
    outside = MemoryOutside()

    with pytest.raises(NotInvited):
        people(outside, None).authenticate("good")

    assert outside.users.get(user_id(ADA.issuer, ADA.subject)) is None


def test_a_token_that_the_provider_does_not_know_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        people(MemoryOutside(), Role.MEMBER).authenticate("forged")
