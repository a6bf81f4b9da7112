"""API tokens and people, over every engine."""

from dataclasses import replace

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId
from chalicelib.ports.accounts import ApiToken
from tests.builders import T0
from tests.contracts.stores import LAB


@pytest.mark.parametrize("role", [None, Role.MEMBER])
def test_a_person_is_added_once_and_comes_back_as_they_were(outside: Outside, role: Role | None) -> None:
    networks = frozenset({LAB.id}) if role else frozenset()
    user = User(PrincipalId("usr_1"), "sub", "a@example.com" if role else None, None, T0, role, networks)

    outside.accounts.add_user(user)
    outside.accounts.add_user(replace(user, name="another"))

    assert outside.accounts.get_user(user.id) == user
    assert outside.accounts.get_user(PrincipalId("usr_2")) is None


@pytest.mark.parametrize("networks", [None, frozenset({LAB.id})])
def test_an_api_token_comes_back_as_it_was(outside: Outside, networks: frozenset[str] | None) -> None:
    principal = Principal(PrincipalId("tok_1"), "ci", Role.AUDITOR, networks)  # type: ignore[arg-type]
    token = ApiToken(principal, Secret("hash"), None if networks else T0)

    outside.accounts.put_token(token)

    assert outside.accounts.get_token("tok_1") == token
    assert outside.accounts.get_token("tok_2") is None
