"""Calls that are counted, and refusals that are kept, at the door of REST."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.bootstrap.container import Container, install
from chalicelib.domain.identity.audit import AuditFilter, AuditRecord
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, Anybody, Operation
from chalicelib.settings import CallsPerMinute
from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import HOST, World

READS = ("GET", "HEAD")


@pytest.fixture
def world() -> World:
    return limited(World(), CallsPerMinute(writes=3, enrollments=3, sessions=3, refusals=3))


def limited(world: World, most: CallsPerMinute) -> World:
    world.container = Container(replace(world.container.settings, calls_per_minute=most), world.outside)
    install(world.container)
    return world


def refusals(world: World) -> list[AuditRecord]:
    found = world.outside.audit.page(AuditFilter(), 200).records
    return [record for record in found if record.outcome == "refused"]


def is_over(answer: Answer) -> bool:
    told = answer.headers.get("Retry-After", "")
    return answer.status == 429 and answer.json["code"] == "too_many_requests" and 1 <= int(told) <= 60


def statuses(calls: Iterator[Answer]) -> list[int]:
    return [answer.status for answer in calls]


def test_who_writes_too_often_is_told_when_to_come_back_and_reads_on(world: World) -> None:
    made = [world.api("POST", "/networks", {"name": f"n{n}", "cidr": f"10.{n}.0.0/24"}) for n in range(5)]

    assert [answer.status for answer in made] == [201, 201, 201, 429, 429]
    assert is_over(made[-1])
    assert world.api("GET", "/networks").status == 200
    assert len(world.outside.tables.networks) == 3
    world.outside.clock.advance(timedelta(seconds=int(made[-1].headers["Retry-After"])))
    assert world.api("POST", "/networks", {"name": "later", "cidr": "10.9.0.0/24"}).status == 201


def test_one_who_floods_leaves_others_as_they_were(world: World) -> None:
    other = world.container.api_tokens.create_for_deployment("other", Role.OPERATOR).text()
    for number in range(6):
        world.api("POST", "/networks", {"name": f"n{number}", "cidr": f"10.{number}.0.0/24"})

    assert world.api("POST", "/networks", {"name": "x", "cidr": "10.9.0.0/24"}, other).status == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/agent/enroll",
            {"token": "wirety_enroll.n:a:p.x", "public_key": a_key("x"), "device_key": a_key("y"), "host": HOST},
        ),
        ("/agent/session", {"assertion": "a.b.c"}),
    ],
)
def test_what_anybody_may_call_is_counted_by_address(world: World, path: str, body: dict[str, Any]) -> None:
    answers = [world.api("POST", path, body) for _ in range(4)]

    assert [answer.status for answer in answers[:3]] == [401] * 3
    assert is_over(answers[3])
    world.source = "198.51.100.99"
    assert world.api("POST", path, body).status == 401


def test_an_address_that_cannot_be_believed_is_not_counted_as_one(world: World) -> None:
    nobody = {"cloudfront-viewer-address": ""}
    answers = (world.api("POST", "/agent/session", {"assertion": "a.b.c"}, headers=nobody) for _ in range(6))

    assert statuses(answers) == [401] * 6


def test_refused_credentials_are_counted_by_address_and_good_ones_pass(world: World) -> None:
    answers = [world.api("GET", "/me", token="wirety_api.tok_none.secret") for _ in range(5)]

    assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]
    assert is_over(answers[-1])
    assert world.api("GET", "/me").status == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_call_that_writes_without_an_agents_session_is_counted(operation: Operation) -> None:
    is_guarded = operation.method not in READS and not operation.path.startswith("/agent/")
    is_open = isinstance(operation.access, Anybody) and operation.method not in READS

    assert (operation.counted is not None) is (is_guarded or is_open)


def test_a_403_is_kept_with_who_asked_for_what(world: World) -> None:
    network = NetworkId(world.network())
    token = world.container.api_tokens.create_for_deployment("eve", Role.AUDITOR, [network]).text()

    for _ in range(3):
        assert world.api("DELETE", f"/networks/{network}", token=token).status == 403

    [kept] = refusals(world)
    assert (kept.action, kept.actor.name, kept.source) == ("request_refused", "eve", world.source)
    assert kept.target.id == "DELETE /networks/{network_id}"


def test_a_limit_that_was_reached_is_kept(world: World) -> None:
    for number in range(6):
        world.api("POST", "/networks", {"name": f"n{number}", "cidr": f"10.{number}.0.0/24"})

    assert [(kept.action, kept.actor.name) for kept in refusals(world)] == [("limit_reached", "test")]


def test_a_known_token_with_another_secret_is_kept_and_answered_as_an_unknown_one(world: World) -> None:
    token = world.container.api_tokens.create_for_deployment("deploy", Role.OPERATOR).text()
    record, _, secret = token.rpartition(".")

    wrong = world.api("GET", "/me", token=f"{record}.{'x' * len(secret)}")
    unknown = world.api("GET", "/me", token=f"wirety_api.{'x' * 30}.{secret}")

    assert (wrong.status, wrong.text, wrong.headers) == (unknown.status, unknown.text, unknown.headers)
    [kept] = refusals(world)
    assert (kept.action, kept.actor.name) == ("credential_refused", "deploy")


def test_an_enrolment_token_that_comes_again_from_another_machine_is_kept(world: World) -> None:
    network = world.network()
    made = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "web"}).json
    body = {"token": made["enrollment_token"], "public_key": a_key("x"), "device_key": a_key("y"), "host": HOST}
    assert world.api("POST", "/agent/enroll", body).status == 200

    assert world.api("POST", "/agent/enroll", {**body, "device_key": a_key("z")}).status == 401

    [kept] = refusals(world)
    assert (kept.action, kept.actor.id, kept.network_id) == ("credential_refused", made["peer"]["id"], network)
    assert made["enrollment_token"].rpartition(".")[2] not in repr(kept)


def joined(world: World, key: str, machine: str) -> Answer:
    body = {"key": key, "public_key": a_key(f"wg {machine}"), "device_key": a_key(f"device {machine}"), "host": HOST}
    return world.api("POST", "/agent/join", body)


def used_up(world: World, keys: str, key: Any) -> str:
    assert joined(world, key["secret"], "first").status == 200
    return str(key["secret"])


def expired(world: World, keys: str, key: Any) -> str:
    world.outside.clock.advance(timedelta(days=2))
    return str(key["secret"])


def revoked(world: World, keys: str, key: Any) -> str:
    assert world.api("DELETE", f"{keys}/{key['key']['id']}").status == 204
    return str(key["secret"])


def with_another_secret(world: World, keys: str, key: Any) -> str:
    record, _, secret = str(key["secret"]).rpartition(".")
    return f"{record}.{'x' * len(secret)}"


@pytest.mark.parametrize("ended", [used_up, expired, revoked, with_another_secret])
def test_a_join_key_that_is_refused_is_kept_with_its_request(
    world: World, ended: Callable[[World, str, Any], str]
) -> None:
    network = world.network()
    keys = f"/networks/{network}/join-keys"
    key = world.api("POST", keys, {"name": "image", "uses": 1, "expires_in_days": 1}).json
    text = ended(world, keys, key)

    assert joined(world, text, "second").status in (401, 409)

    [kept] = refusals(world)
    assert (kept.action, kept.actor.kind, kept.actor.name) == ("credential_refused", "join_key", "image")
    assert (kept.network_id, kept.source, kept.request_id) == (network, world.source, "req-test")
    assert text.rpartition(".")[2] not in repr(kept)


def test_a_join_key_of_another_secret_is_answered_as_one_that_never_was(world: World) -> None:
    network = world.network()
    key = world.api("POST", f"/networks/{network}/join-keys", {"name": "image"}).json["secret"]
    record, _, secret = key.rpartition(".")

    wrong = joined(world, f"{record}.{'x' * len(secret)}", "one")
    unknown = joined(world, f"wirety_join.{network}:key_none.{secret}", "one")

    assert (wrong.status, wrong.text, wrong.headers) == (unknown.status, unknown.text, unknown.headers)


def test_what_a_machine_does_by_its_token_or_join_key_names_the_request(world: World) -> None:
    network = world.network()
    key = world.api("POST", f"/networks/{network}/join-keys", {"name": "image"}).json["secret"]
    assert joined(world, key, "one").status == 200
    world.agent(network, "dynamic", "web")

    done = {record.action: record.request_id for record in world.outside.audit.page(AuditFilter(), 50).records}

    assert (done["peer_joined"], done["peer_enrolled"]) == ("req-test", "req-test")


def test_who_may_not_sign_in_is_kept(world: World) -> None:
    assert world.api("GET", "/me", token=world.person("eve", None)).status == 403

    [kept] = refusals(world)
    assert (kept.action, kept.actor.kind, kept.actor.name) == ("sign_in_refused", "user", "eve")


def test_what_nobody_signed_is_kept_nowhere(world: World) -> None:
    for token in ("a.b.c", "wirety_api.tok_none.secret", "wirety_agent.x:y.secret"):
        assert world.api("GET", "/me", token=token).status == 401

    assert refusals(world) == []


def test_a_refusal_is_answered_though_it_cannot_be_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.person("eve", Role.AUDITOR)
    world.api("GET", "/me", token=token)

    def broken(*_: object) -> None:
        raise RuntimeError("no store")

    monkeypatch.setattr(world.outside.transactions, "commit", broken)
    monkeypatch.setattr(world.outside.limits, "count", broken)

    assert world.api("GET", "/me", token="a.b.c").status == 401
    monkeypatch.undo()
    monkeypatch.setattr(world.outside.transactions, "commit", broken)
    assert world.api("POST", "/networks", {"name": "lab", "cidr": "10.0.0.0/24"}, token).status == 403


def test_no_record_of_a_refusal_holds_what_was_sent(world: World) -> None:
    token = world.container.api_tokens.create_for_deployment("deploy", Role.AUDITOR).text()
    secret = token.rpartition(".")[2]
    world.api("GET", "/me", token=token.replace(secret, "hunter2" * 6))
    world.api("POST", "/networks", {"name": "hunter2", "cidr": "10.0.0.0/24"}, token)

    assert len(refusals(world)) == 2
    assert not re.search("hunter2|" + re.escape(secret), repr(refusals(world)))
