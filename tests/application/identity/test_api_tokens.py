"""API tokens: whose word one is, how long, and for which networks."""

from datetime import timedelta

import pytest

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.ids import NetworkId
from tests.world import World

DAY = timedelta(days=1)
NETWORK = NetworkId("net_lab")


def test_a_token_is_its_principals_word_and_kept_as_a_hash_alone(world: World) -> None:
    token = world.container.accounts.create_token("ci", Role.AUDITOR, [NETWORK])

    principal = world.container.accounts.authenticate(token.text())

    assert (principal.name, principal.role) == ("ci", Role.AUDITOR)
    assert principal.sees(NETWORK)
    assert not principal.sees(NetworkId("net_other"))
    assert token.secret not in repr(world.outside.accounts.get_token(token.record))


def test_a_token_is_good_until_just_before_it_expires(world: World) -> None:
    token = world.container.accounts.create_token("ci", Role.OPERATOR, lifetime=DAY)
    moment = timedelta(microseconds=1)

    world.outside.clock.advance(DAY - moment)
    assert world.container.accounts.authenticate(token.text()).expires_at == world.outside.clock.now() + moment

    world.outside.clock.advance(moment)
    with pytest.raises(Unauthenticated, match="expired"):
        world.container.accounts.authenticate(token.text())


@pytest.mark.parametrize("field", ["secret", "record"])
def test_a_token_that_was_never_made_is_not_known(world: World, field: str) -> None:
    made = world.container.accounts.create_token("ci", Role.OPERATOR)
    other = {"record": made.record, "secret": made.secret} | {field: "other"}

    with pytest.raises(Unauthenticated, match="not known"):
        world.container.accounts.authenticate(Token(made.prefix, other["record"], other["secret"]).text())
