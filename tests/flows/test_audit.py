"""Whoever changes a network leaves a record of it, in the transaction of the change."""

import re
from dataclasses import astuple

import pytest

from chalicelib.domain.identity.audit import Actor, ActorKind, AuditFilter, AuditRecord
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


def newest(world: World, network: str | None = None, count: int = 1) -> tuple[AuditRecord, ...]:
    wanted = AuditFilter(None if network is None else NetworkId(network))
    return world.outside.audit.page(wanted, count).records


def test_a_person_is_named_with_where_from_and_by_which_request(world: World) -> None:
    ana = world.person("ana", Role.ADMINISTRATOR)
    made = world.api("POST", "/networks", {"name": "lab", "cidr": "10.0.0.0/24"}, token=ana).json

    [record] = newest(world)

    assert (record.actor.kind, record.actor.name) == (ActorKind.PERSON, "ana")
    assert (record.source, record.request_id) == (world.source, "req-test")
    assert (record.action, record.target.id, record.network_id) == ("network_created", made["id"], made["id"])


def test_every_change_by_the_api_is_recorded_once(world: World) -> None:
    network = world.network()
    jump = world.agent(network, "jump", "hub")
    web = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "web"}).json["peer"]["id"]
    peer = f"/networks/{network}/peers/{web}"
    rule = {"source": "*", "destination": "tag:a", "action": "deny"}
    calls: tuple[tuple[str, str, object], ...] = (
        ("PATCH", f"/networks/{network}", {"dns": ["9.9.9.9"]}),
        ("PUT", f"/networks/{network}/acl", {"rules": [rule]}),
        ("POST", f"/networks/{network}/rotate-psk", None),
        ("PATCH", peer, {"tags": ["a"]}),
        ("POST", f"{peer}/block", {"note": "lost"}),
        ("POST", f"{peer}/enrollment-token", None),
        ("DELETE", peer, None),
        ("DELETE", f"/networks/{network}?force=true", None),
    )
    for method, path, body in calls:
        assert world.api(method, path, body).status < 300, path

    changes = world.outside.changes.page(NetworkId(network), None, 50)
    records = newest(world, network, 50)

    assert [record.action for record in records] == [change.what.value for change in changes]
    assert {record.actor.name for record in records} == {"test", "hub"}
    assert jump.peer_id in {record.actor.id for record in records}


def test_a_change_that_is_refused_or_changes_nothing_leaves_none(world: World) -> None:
    network = world.network()
    before = newest(world, count=50)

    assert world.api("POST", "/networks", {"name": "lab", "cidr": "10.1.0.0/24"}).status == 409
    assert world.api("PATCH", f"/networks/{network}", {"name": "lab"}).status == 200

    assert newest(world, count=50) == before


def test_many_peers_at_once_leave_one_record_a_transaction(world: World) -> None:
    network = world.network()
    body = {"peers": [{"kind": "dynamic", "name": f"peer {n}"} for n in range(25)]}
    assert world.api("POST", f"/networks/{network}/peers/bulk", body).status < 300

    made = [record for record in newest(world, network, 50) if record.action == "peer_created"]

    named = [record.after["peers"] for record in made if record.after is not None]
    assert sorted(map(len, named)) == [6, 19]  # type: ignore[arg-type]


def test_what_a_job_removes_is_recorded_by_whoever_ordered_it_alone(world: World) -> None:
    network = world.network()
    world.agent(network, "dynamic", "web")
    world.api("DELETE", f"/networks/{network}?force=true")
    before = newest(world, count=50)

    world.settle()

    assert newest(world, count=50) == before


def test_no_secret_stands_in_the_log(world: World) -> None:
    network = world.network()
    made = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "web"}).json
    world.agent(network, "jump", "hub")
    file = world.api(
        "POST", f"/networks/{network}/peers", {"kind": "static", "name": "phone", "generate_key": True}
    ).json

    private_key = re.findall(r"PrivateKey = (\S+)", file["config"])[0]
    written = str([astuple(record) for record in newest(world, count=50)])

    secrets = [made["enrollment_token"], private_key, world.token]
    assert all(secret.rpartition(".")[2] not in written for secret in secrets)


def test_the_maker_of_a_token_is_told_apart_from_a_person(world: World) -> None:
    world.network()

    [record] = newest(world)

    assert record.actor == Actor(ActorKind.TOKEN, record.actor.id, "test")
