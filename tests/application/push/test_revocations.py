"""Sockets end with what their person may see."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.principal import Role
from chalicelib.entrypoints import streams
from chalicelib.wire.browser_frames import AccountChanged
from tests.application.identity.test_users import a_person, id_of, invited
from tests.browser import SimulatedBrowser
from tests.records import account_record
from tests.turns import Turns
from tests.world import World


def a_browser(world: World, token: str | None) -> SimulatedBrowser:
    browser = SimulatedBrowser(world, token=token)
    browser.connect()
    return browser


def signed_in(world: World, name: str, role: str = "operator") -> str:
    invited(world, f"{name}@example.com", role)
    token = a_person(world, name, email=f"{name}@example.com")
    assert world.api("GET", "/me", token=token).status == 200
    return token


def is_ended(browser: SimulatedBrowser) -> bool:
    """Whether it was told why, and closed."""
    is_told = browser.frames[-2:] == [AccountChanged(), ("bye", "session_ended")]
    return is_told and browser.connection not in browser.world.outside.gateway.open


@pytest.mark.parametrize(
    "body", [{"is_suspended": True}, {"role": "auditor"}, {"role": None}, {"networks": ["{network}"]}, None]
)
def test_the_sockets_of_a_person_and_of_their_tokens_end_with_what_they_may_see(
    world: World, body: dict[str, Any] | None
) -> None:
    network, ana, ben = world.network(), signed_in(world, "ana"), signed_in(world, "ben")
    secret = world.api("POST", "/tokens", {"name": "t", "role": "operator"}, ana).json["secret"]
    own, of_token, of_another = a_browser(world, ana), a_browser(world, secret), a_browser(world, ben)
    world.settle()
    said = body and {name: [network] if name == "networks" else value for name, value in body.items()}

    world.api("DELETE" if said is None else "PATCH", f"/users/{id_of('ana')}", said)
    world.settle()

    assert (is_ended(own), is_ended(of_token), is_ended(of_another)) == (True, True, False)


def test_a_revoked_token_ends_its_own_sockets_alone(world: World) -> None:
    ana = signed_in(world, "ana")
    made = [world.api("POST", "/tokens", {"name": "t", "role": "operator"}, ana).json for _ in range(2)]
    person, first, second = a_browser(world, ana), *(a_browser(world, one["secret"]) for one in made)

    world.api("DELETE", f"/tokens/{made[0]['token']['id']}", token=ana)
    world.settle()

    assert (is_ended(person), is_ended(first), is_ended(second)) == (False, True, False)


def test_a_token_of_the_deployments_own_ends_as_well(world: World) -> None:
    token = world.container.api_tokens.create_for_deployment("t", Role.AUDITOR)
    browser, other = a_browser(world, token.text()), a_browser(world, None)

    world.api("DELETE", f"/tokens/{token.record}")
    world.settle()

    assert (is_ended(browser), is_ended(other)) == (True, False)


def test_what_the_provider_takes_back_ends_sockets_at_the_next_sign_in(world: World) -> None:
    browser = a_browser(world, a_person(world, "ana", "wirety-operator", issued_s=0))

    world.api("GET", "/me", token=a_person(world, "ana", issued_s=60))
    world.settle()

    assert is_ended(browser)


def test_another_default_role_ends_the_sockets_of_whom_it_concerns(world: World) -> None:
    body = {"default_role": "auditor", "member_peer_limit": 5}
    world.api("PUT", "/settings", body)
    world.settle()
    eve, ana = a_browser(world, a_person(world, "eve")), a_browser(world, signed_in(world, "ana"))
    world.settle()

    world.api("PUT", "/settings", {**body, "member_peer_limit": 6})
    world.settle()
    assert (is_ended(eve), is_ended(ana)) == (False, False)
    world.api("PUT", "/settings", {**body, "default_role": None})
    world.settle()
    assert (is_ended(eve), is_ended(ana)) == (True, False)


def test_who_was_merely_seen_keeps_their_sockets(world: World) -> None:
    ana = signed_in(world, "ana")
    browser = a_browser(world, ana)
    before = world.outside.tables.users[id_of("ana")]

    world.api("GET", "/me", token=ana)
    record = account_record(before, before)
    assert streams.revoke({"Records": [record]}) == {"batchItemFailures": []}
    world.settle()

    assert not is_ended(browser)


def test_what_cannot_be_read_of_a_person_ends_their_sockets(world: World) -> None:
    browser = a_browser(world, signed_in(world, "ana"))
    user = world.outside.tables.users[id_of("ana")]
    record = account_record(user, user)
    record["dynamodb"]["NewImage"] = {"revision": {"S": "one"}}

    streams.revoke({"Records": [{"dynamodb": {"SequenceNumber": "0", "Keys": {}}}, record]})
    world.settle()

    assert is_ended(browser)


def test_the_stream_keeps_what_could_not_be_queued(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = a_browser(world, signed_in(world, "ana"))
    user = world.outside.tables.users[id_of("ana")]
    event = {"Records": [account_record(user, None)]}

    def ill(_person: object) -> None:
        raise RuntimeError("the store is ill")

    with monkeypatch.context() as patch:
        patch.setattr(world.outside.connections, "of_person", ill)
        assert streams.revoke(event) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert streams.revoke(event) == {"batchItemFailures": []}
    world.settle()

    assert is_ended(browser)


@given(seed=st.integers(0, 2**32))
def test_no_socket_outlives_a_suspension_in_whatever_order_they_meet(seed: int) -> None:
    chance = random.Random(seed)
    world = World(Adversary(seed, doubles=0.3))
    ana = signed_in(world, "ana")
    browsers = [SimulatedBrowser(world, token=ana) for _ in range(2)]
    turns = Turns(chance.randrange)
    turns.interrupts(world.outside.connections, "add", "remove", "of_person")
    turns.interrupts(world.outside.accounts, "user")
    turns.interrupts(world.outside.transactions, "commit")

    def comes(browser: SimulatedBrowser) -> None:
        browser.connect()

    def suspends() -> None:
        world.api("PATCH", f"/users/{id_of('ana')}", {"is_suspended": True})
        world.revoke()

    turns.run([suspends, *(lambda browser=browser: comes(browser) for browser in browsers)])
    world.settle()

    assert all(isinstance(error, Refusal | AssertionError) for error in turns.raised)
    assert world.outside.gateway.open == set()
