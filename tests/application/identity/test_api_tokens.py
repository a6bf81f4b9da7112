"""API tokens: whose word one is, how long, and for which networks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.api_token import ApiToken, token_id
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PrincipalId
from tests.builders import T0
from tests.world import World

DAY = timedelta(days=1)
NETWORK = NetworkId("net_lab")


def test_a_token_is_its_principals_word_and_kept_as_a_hash_alone(world: World) -> None:
    token = world.container.api_tokens.create_for_deployment("ci", Role.AUDITOR, [NETWORK])

    principal = world.container.api_tokens.authenticate(token.text())

    assert (principal.name, principal.role) == ("ci", Role.AUDITOR)
    assert principal.sees(NETWORK)
    assert not principal.sees(NetworkId("net_other"))
    assert token.secret not in repr(world.outside.tables.tokens)


def test_a_token_is_good_until_just_before_it_expires(world: World) -> None:
    token = world.container.api_tokens.create_for_deployment("ci", Role.OPERATOR, lifetime=DAY)
    moment = timedelta(microseconds=1)

    world.outside.clock.advance(DAY - moment)
    assert world.container.api_tokens.authenticate(token.text()).expires_at == world.outside.clock.now() + moment

    world.outside.clock.advance(moment)
    with pytest.raises(Unauthenticated, match="expired"):
        world.container.api_tokens.authenticate(token.text())


@pytest.mark.parametrize("field", ["secret", "record"])
def test_a_token_that_was_never_made_is_not_known(world: World, field: str) -> None:
    made = world.container.api_tokens.create_for_deployment("ci", Role.OPERATOR)
    other = {"record": made.record, "secret": made.secret} | {field: "other"}

    with pytest.raises(Unauthenticated, match="not known"):
        world.container.api_tokens.authenticate(Token(made.prefix, other["record"], other["secret"]).text())


ANA = User(PrincipalId("usr_ana"), "https://idp", "ana", "ana@example.com", "Ana", T0, Role.OPERATOR)


def made_by_ana(world: World, role: Role, networks: frozenset[NetworkId] | None = None) -> str:
    token = Token("wirety_api", token_id(ANA.id, "1"), "secret")
    kept = ApiToken(token_id(ANA.id, "1"), "Ana", "ci", role, networks, token.hashed(), T0, T0 + 90 * DAY)
    world.outside.tables.tokens[kept.id] = kept
    return token.text()


def test_a_token_does_no_more_than_its_maker_does_now(world: World) -> None:
    users, other = world.outside.tables.users, NetworkId("net_other")
    text = made_by_ana(world, Role.OPERATOR, frozenset({NETWORK, other}))
    users[ANA.id] = replace(ANA, networks=frozenset({NETWORK}))

    principal = world.container.api_tokens.authenticate(text)
    assert (principal.role, principal.networks, principal.person_id) == (Role.OPERATOR, frozenset({NETWORK}), ANA.id)

    users[ANA.id] = replace(ANA, role=Role.MEMBER, networks=frozenset({NETWORK}))
    assert world.container.api_tokens.authenticate(text).role is Role.MEMBER


@pytest.mark.parametrize(
    ("maker", "why"),
    [
        (None, "no longer a user"),
        (replace(ANA, is_suspended=True), "suspended"),
        (replace(ANA, role=None), "no role"),
        (replace(ANA, role=Role.AUDITOR), "its maker is auditor now"),
    ],
)
def test_a_token_ends_with_its_maker(world: World, maker: User | None, why: str) -> None:
    text = made_by_ana(world, Role.OPERATOR)
    if maker is not None:
        world.outside.tables.users[ANA.id] = maker

    with pytest.raises(Unauthenticated, match=why):
        world.container.api_tokens.authenticate(text)


def test_a_tokens_use_is_noted_once_in_ten_minutes(world: World) -> None:
    world.outside.tables.users[ANA.id] = ANA
    text, clock = made_by_ana(world, Role.OPERATOR), world.outside.clock

    used = []
    for _ in range(3):
        world.container.api_tokens.authenticate(text, "203.0.113.9")
        used.append(world.outside.tables.tokens[token_id(ANA.id, "1")].last_use)
        clock.advance(timedelta(minutes=5))

    assert used[0] is used[1] is not used[2]
    assert [use.source for use in used if use] == ["203.0.113.9"] * 3
