"""The one-time token, and the sessions after it."""

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.application.agents.builders import created
from tests.world import SimulatedAgent, World


def test_a_lost_answer_burns_nothing(world: World) -> None:
    token, agent = created(world)["enrollment_token"], SimulatedAgent(world, "laptop")

    first, again = agent.enroll(token), agent.enroll(token)

    assert (first.status, again.status) == (200, 200)
    assert first.json == again.json
    assert len([change for change in world.outside.tables.changes.values() if change.what == "peer_enrolled"]) == 1


def test_another_machine_gets_nothing_from_a_used_token(world: World) -> None:
    token = created(world)["enrollment_token"]
    SimulatedAgent(world, "laptop").enroll(token)

    refused = SimulatedAgent(world, "thief").enroll(token)

    assert (refused.status, refused.json["code"]) == (401, "enrollment_token_invalid")


def test_an_expired_token_is_refused(world: World) -> None:
    token = created(world)["enrollment_token"]
    world.outside.clock.advance(timedelta(hours=24))

    assert SimulatedAgent(world, "laptop").enroll(token).json["code"] == "enrollment_token_invalid"


def test_a_token_of_another_kind_is_refused(world: World) -> None:
    assert SimulatedAgent(world, "laptop").enroll(world.token).status == 401


def test_a_guessed_secret_is_refused(world: World) -> None:
    token = created(world)["enrollment_token"]

    assert SimulatedAgent(world, "laptop").enroll(token[:-1] + ("0" if token[-1] != "0" else "1")).status == 401


def test_one_key_enrols_one_peer(world: World) -> None:
    network = world.network()
    tokens = [
        world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": name}).json["enrollment_token"]
        for name in ("one", "two")
    ]
    SimulatedAgent(world, "same key").enroll(tokens[0])

    refused = SimulatedAgent(world, "same key").enroll(tokens[1])

    assert (refused.status, refused.json["code"]) == (409, "key_in_use")


def test_a_jump_without_an_endpoint_takes_the_address_it_enrolled_from(world: World) -> None:
    network = world.network()
    jump = world.api("POST", f"/networks/{network}/peers", {"kind": "jump", "name": "hub"}).json

    SimulatedAgent(world, "hub").enroll(jump["enrollment_token"])

    hub = world.peers(network)["hub"]
    assert (hub["endpoint"], hub["endpoint_guessed"]) == ("203.0.113.9", True)


@pytest.mark.parametrize(
    ("source", "endpoint"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", None),
        ("::1", None),
        ("fe80::1%eth0", None),
        ("::ffff:10.0.0.9", None),
        ("10.0.0.9", None),
    ],
)
def test_a_guess_that_nobody_could_reach_is_none(world: World, source: str, endpoint: str | None) -> None:
    network = world.network(cidr="10.0.0.0/24")
    jump = world.api("POST", f"/networks/{network}/peers", {"kind": "jump", "name": "hub"}).json
    world.source = source

    assert SimulatedAgent(world, "hub").enroll(jump["enrollment_token"]).status == 200

    hub = world.peers(network)["hub"]
    assert (hub["endpoint"], hub["endpoint_guessed"]) == (endpoint, endpoint is not None)


def test_an_assertion_is_used_once(world: World) -> None:
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(created(world)["enrollment_token"])
    body = {"assertion": agent.assertion()}

    assert world.api("POST", "/agent/session", body).status == 200
    assert world.api("POST", "/agent/session", body).status == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1, "iat": 0},
        {"iat": 4102444800, "exp": 4102444860},
        {"aud": "another"},
        {"sub": "dyn_unknown"},
        {"sub": 7},
        {"jti": ""},
        {"exp": 4102444800},
    ],
)
def test_an_assertion_with_claims_that_do_not_fit_is_refused(world: World, claims: dict[str, object]) -> None:
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(created(world)["enrollment_token"])

    refused = world.api("POST", "/agent/session", {"assertion": agent.assertion(**claims)})

    assert (refused.status, refused.json["status"]) == (401, 401)


NO_TEXTS: list[object] = [None, True, 5, 1.5, [], ["a"], {}, "", "x" * 200, "\u0000", "\ud800"]
NO_TIMES: list[object] = [None, True, [], {}, "", "text", "4102444800", 10**400, float("inf"), float("nan")]
NO_AUDIENCES: list[object] = [None, True, 5, {}, [], [5], ["other"]]


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        *((claim, wrong) for claim in ("sub", "network_id", "jti") for wrong in NO_TEXTS),
        *((claim, wrong) for claim in ("iat", "exp", "nbf") for wrong in NO_TIMES),
        *(("aud", wrong) for wrong in NO_AUDIENCES),
    ],
)
def test_a_claim_of_another_type_is_refused(world: World, claim: str, wrong: object) -> None:
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(created(world)["enrollment_token"])

    refused = world.api("POST", "/agent/session", {"assertion": agent.assertion(**{claim: wrong})})

    assert (refused.status, refused.json["code"]) == (401, "unauthenticated")


def test_an_assertion_of_another_device_is_refused(world: World) -> None:
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(created(world)["enrollment_token"])
    agent.device = Ed25519PrivateKey.generate()

    assert agent.open_session().status == 401


def test_an_unsigned_assertion_is_refused(world: World) -> None:
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(created(world)["enrollment_token"])
    claims = jwt.decode(agent.assertion(), options={"verify_signature": False})

    unsigned = jwt.encode(claims, "", algorithm="none")

    assert world.api("POST", "/agent/session", {"assertion": unsigned}).status == 401


def test_a_session_ends_after_an_hour(world: World) -> None:
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(created(world)["enrollment_token"])
    agent.open_session()
    assert agent.fetch().status == 200

    world.outside.clock.advance(timedelta(hours=1))

    assert agent.fetch().status == 401


def test_nothing_of_a_secret_is_stored(world: World) -> None:
    token = created(world)["enrollment_token"]
    agent = SimulatedAgent(world, "laptop")
    agent.enroll(token)
    agent.open_session()

    stored = repr(world.outside.tables)

    for text in (token, agent.session, world.token):
        assert text.rsplit(".", 1)[1] not in stored
