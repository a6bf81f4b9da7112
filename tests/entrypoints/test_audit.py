"""The audit log by REST: who reads it, its pages, and its export as JSON lines."""

import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.change.writes import Audit, Commit
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from chalicelib.entrypoints.rest import audit as rest
from tests.builders import T0, an_audit_record
from tests.rest_function import Answer
from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


def filled(world: World, count: int, **changes: Any) -> None:
    for number in range(count):
        record = an_audit_record(f"{number:05}", at=T0 + timedelta(seconds=number), **changes)
        world.outside.transactions.commit(Commit(None, (Audit(record),)))


def next_of(answer: Answer) -> str | None:
    """The address of the next page of an export, below /api/v1."""
    said = answer.headers.get("Link")
    if said is None:
        return None
    address, _, relation = said.partition("; ")
    assert relation == 'rel="next"'
    return address.strip("<>").removeprefix("/api/v1")


def test_a_change_is_shown_with_who_did_it_from_where_and_what_was_before(world: World) -> None:
    network = world.network()
    world.api("PATCH", f"/networks/{network}", {"name": "shop"})

    newest = world.api("GET", f"/audit?network_id={network}&action=network_updated").json["items"][0]

    assert (newest["actor"]["kind"], newest["actor"]["name"]) == ("api_token", "test")
    assert newest["target"] == {"kind": "network", "id": network, "name": "shop"}
    assert (newest["before"]["name"], newest["after"]["name"]) == ("lab", "shop")
    assert (newest["source"], newest["request_id"], newest["outcome"]) == (world.source, "req-test", "done")


@pytest.mark.parametrize("role", list(Role))
def test_who_may_read_and_who_may_export(world: World, role: Role) -> None:
    token = world.person("ana", role)

    assert world.api("GET", "/audit", token=token).status == 200
    exported = world.api("GET", "/audit/export", token=token)
    assert exported.status == (200 if role in (Role.ADMINISTRATOR, Role.AUDITOR) else 403)


def test_an_unseen_network_answers_the_same_bytes_as_one_that_never_was(world: World) -> None:
    mine, other = world.network("mine", "10.0.0.0/24"), world.network("other", "10.1.0.0/24")
    token = world.container.api_tokens.create_for_deployment("t", Role.AUDITOR, [NetworkId(mine)]).text()

    for path in ("/audit", "/audit/export"):
        unseen = world.api("GET", f"{path}?network_id={other}", token=token)
        unknown = world.api("GET", f"{path}?network_id=net_00000000000000000000000000", token=token)
        assert (unseen.status, unseen.headers, unseen.text) == (unknown.status, unknown.headers, unknown.text)
    [seen] = world.api("GET", "/audit", token=token).json["items"]
    assert seen["network_id"] == mine


def test_pages_follow_one_another_by_a_cursor_that_needs_no_quoting(world: World) -> None:
    filled(world, 5)

    first = world.api("GET", "/audit?limit=3").json
    second = world.api("GET", f"/audit?limit=3&cursor={first['next_cursor']}").json

    shown = [record["id"] for record in first["items"] + second["items"]]
    assert shown == [f"aud_{number:05}" for number in (4, 3, 2, 1, 0)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    ["cursor=~", "cursor=AAAA", "cursor=x", "limit=0", "limit=201", "since=yesterday", "since=2026-01-01T00:00:00"],
)
def test_a_query_that_does_not_fit_is_refused(world: World, query: str) -> None:
    assert world.api("GET", f"/audit?{query}").status == 422


def test_an_export_holds_what_the_list_holds_one_json_text_a_line(world: World) -> None:
    filled(world, 5)

    exported = world.api("GET", "/audit/export")

    assert exported.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in exported.text.splitlines()] == world.api("GET", "/audit").json["items"]
    assert next_of(exported) is None


def test_an_export_goes_on_with_the_same_filters(world: World) -> None:
    filled(world, 5)
    filled(world, 5, network_id=NetworkId("net_other"), id="aud_other")
    path: str | None = "/audit/export?limit=2&network_id=net_lab&since=2000-01-01T00:00:00Z"

    ids: list[str] = []
    while path is not None:
        page = world.api("GET", path)
        ids += [json.loads(line)["id"] for line in page.text.splitlines()]
        path = next_of(page)

    assert ids == [f"aud_{number:05}" for number in (4, 3, 2, 1, 0)]


def test_an_answer_is_cut_where_lambda_would_not_carry_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(world, 5)
    monkeypatch.setattr(rest, "MOST_BYTES", 1000)

    first = world.api("GET", "/audit/export")
    following = next_of(first)
    assert following is not None
    second = world.api("GET", following)

    assert len(first.text) <= 1000
    assert json.loads(second.text.splitlines()[0])["id"] == f"aud_{4 - len(first.text.splitlines()):05}"


def test_ten_thousand_records_are_exported_in_bounded_memory(world: World) -> None:
    filled(world, 10_000)
    path: str | None = "/audit/export"
    lines, largest = 0, 0

    while path is not None:
        tracemalloc.start()
        page = world.api("GET", path)
        largest = max(largest, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        lines += page.text.count("\n")
        path = next_of(page)

    assert lines == 10_000
    assert largest < 20 * 2**20
