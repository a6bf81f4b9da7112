"""A ticket opens a socket while its person may see what they did when they asked for it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.identity.principal import Role
from tests.application.identity.test_users import a_person, id_of, invited
from tests.browser import SimulatedBrowser
from tests.world import World


@pytest.fixture
def ana(world: World) -> str:
    """Signed in as invited, beside another administrator."""
    world.api("GET", "/me", token=a_person(world, "root", "wirety-administrator"))
    invited(world, "ana@example.com", "operator")
    token = a_person(world, "ana", email="ana@example.com")
    assert world.api("GET", "/me", token=token).status == 200
    return token


def opened(world: World, token: str | None, meanwhile: Callable[[], object]) -> int:
    """The status of a socket, of whose person something happens once its ticket was taken."""
    browser = SimulatedBrowser(world, token=token)
    browser.ask_ticket()
    browser.authorize()
    meanwhile()
    return browser.open()


def patched(world: World, body: dict[str, object]) -> Callable[[], object]:
    return lambda: world.api("PATCH", f"/users/{id_of('ana')}", body)


def test_who_may_see_what_they_did_is_let_in(world: World, ana: str) -> None:
    assert opened(world, ana, lambda: None) == 200
    assert opened(world, ana, lambda: world.api("GET", "/me", token=ana)) == 200
    assert opened(world, None, lambda: None) == 200


@pytest.mark.parametrize("body", [{"is_suspended": True}, {"role": "auditor"}, {"role": None}, {"networks": []}])
def test_whose_access_was_changed_is_refused_and_leaves_nothing(
    world: World, ana: str, body: dict[str, object]
) -> None:
    assert opened(world, ana, patched(world, body)) == 401
    assert world.outside.tables.sockets == {}


def test_who_was_removed_is_refused(world: World, ana: str) -> None:
    assert opened(world, ana, lambda: world.api("DELETE", f"/users/{id_of('ana')}")) == 401


def test_whom_only_the_default_role_let_in_is_refused_once_there_is_none(world: World) -> None:
    body: dict[str, object] = {"default_role": "auditor", "member_peer_limit": 5}
    world.api("PUT", "/settings", body)
    eve = a_person(world, "eve")

    assert opened(world, eve, lambda: world.api("PUT", "/settings", {**body, "member_peer_limit": 4})) == 200
    assert opened(world, eve, lambda: world.api("PUT", "/settings", {**body, "default_role": None})) == 401


def test_a_token_that_ended_and_one_whose_maker_changed_open_nothing(world: World, ana: str) -> None:
    def made() -> tuple[str, str]:
        answer = world.api("POST", "/tokens", {"name": "t", "role": "operator"}, ana).json
        return answer["secret"], answer["token"]["id"]

    secret, token_id = made()
    other, _ = made()

    assert opened(world, secret, lambda: None) == 200
    assert opened(world, secret, lambda: world.api("DELETE", f"/tokens/{token_id}", token=ana)) == 401
    assert opened(world, other, patched(world, {"networks": []})) == 401
    short = world.container.api_tokens.create_for_deployment("s", Role.AUDITOR, lifetime=timedelta(seconds=5))
    assert opened(world, short.text(), lambda: world.outside.clock.advance(timedelta(seconds=5))) == 401
