"""A store or queue that is ill for a while loses no change: the stream keeps what could not be planned."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.domain.change.change import Change
from chalicelib.entrypoints import streams
from tests.flows.test_faults import record
from tests.records import change_record
from tests.world import World

RESOURCES = yaml.safe_load((Path(__file__).parents[2] / "infra" / "resources.yaml").read_text())["Resources"]
RETRIES = RESOURCES["Plan"]["Properties"]["Events"]["Changes"]["Properties"]["MaximumRetryAttempts"]
Fields = Mapping[str, Any]


def ill(world: World, store: str, method: str, duration: timedelta) -> None:
    """Have a method fail until so much time has passed by the world's clock."""
    port = getattr(world.outside, store)
    real, end = getattr(port, method), world.outside.clock.now() + duration

    def throttled(*args: Any, **named: Any) -> Any:
        if world.outside.clock.now() < end:
            raise ConnectionError("ThrottlingException")
        return real(*args, **named)

    setattr(port, method, throttled)


def stream(records: Sequence[Fields]) -> int:
    """Hand records over as Lambda does, from the first that was reported again; answers how often."""
    for tried in range(RETRIES + 1):
        answer = streams.plan({"Records": records})
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        at = [n for n, one in enumerate(records) if one["dynamodb"]["SequenceNumber"] in failed]
        if not at:
            return tried + 1
        records = records[min(at) :]
    raise AssertionError("the stream gave up")


def committed(world: World) -> list[Change]:
    changes = list(world.outside.tables.changes.values())[world._planned :]
    world._planned += len(changes)
    return changes


@pytest.mark.parametrize("duration", [timedelta(seconds=0.3), timedelta(seconds=30)])
@pytest.mark.parametrize(
    ("store", "method"),
    [
        ("progress", "raise_wanted"),
        ("connections", "of_agent"),
        ("connections", "of_browsers"),
        ("networks", "deleting"),
        ("peers", "all"),
        ("rollouts", "expect"),
        ("queue", "send"),
        ("queue", "remind"),
        ("removals", "start"),
        ("dead_letters", "put"),
    ],
)
def test_no_change_is_lost_while_a_store_is_ill(store: str, method: str, duration: timedelta) -> None:
    world = World()
    network, other = world.network(), world.network("other", "10.1.0.0/24")
    world.agent(other, "jump", "elsewhere", endpoint="198.51.100.2")
    hub, left = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "left")
    for agent in (hub, left):
        agent.connect()
    world.settle()
    hub.fetch()
    world.api("PATCH", f"/networks/{network}/peers/{hub.peer_id}", {"mtu": 1400})
    world.api("POST", f"/networks/{network}/peers/{left.peer_id}/enrollment-token")
    world.api("DELETE", f"/networks/{other}?force=true")
    records = [
        {"dynamodb": {**change_record(change)["dynamodb"], "SequenceNumber": str(n)}}
        for n, change in enumerate(committed(world))
    ]
    poison = record(network, 99)
    ill(world, store, method, duration)

    stream([*records, poison])
    world.outside.clock.advance(duration)
    world.deliver()

    assert hub.fetch().status == 200
    assert hub.hints
    assert world.api("GET", "/agent/bundle", token=left.session).status == 401
    assert left.connection not in world.outside.gateway.open
    assert other in world.outside.removals.started
    assert world.outside.dead_letters.buried[-1][0] == poison


def test_a_change_that_cannot_be_planned_still_ends_sessions_and_starts_removals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    network, other = world.network(), world.network("other", "10.1.0.0/24")
    world.agent(other, "jump", "elsewhere", endpoint="198.51.100.2")
    hub = world.agent(network, "jump", "hub")
    hub.connect()
    world.settle()
    world.api("POST", f"/networks/{network}/peers/{hub.peer_id}/enrollment-token")
    world.api("DELETE", f"/networks/{other}?force=true")
    changes = committed(world)

    def broken(change: Change) -> Any:
        raise LookupError(change.revision)

    monkeypatch.setattr("chalicelib.application.push.plans.audience", broken)

    assert stream([change_record(change) for change in changes]) == 1
    world.deliver()

    assert [kept for kept, _ in world.outside.dead_letters.buried] == [change_record(change) for change in changes]
    assert hub.connection not in world.outside.gateway.open
    assert world.outside.removals.started == [other]


def test_a_deletion_that_cannot_even_be_read_starts_the_removal() -> None:
    world = World()
    network = world.network()
    world.agent(network, "jump", "hub")
    world.api("DELETE", f"/networks/{network}?force=true")

    assert streams.plan({"Records": [record(network, 9)]}) == {"batchItemFailures": []}

    assert world.outside.removals.started == [network]


def test_a_record_without_keys_is_buried_and_hinders_nobody() -> None:
    world = World()
    nameless = {"dynamodb": {"SequenceNumber": "5", "Keys": {}, "NewImage": {}}}

    assert streams.plan({"Records": [nameless]}) == {"batchItemFailures": []}
    assert [kept for kept, _ in world.outside.dead_letters.buried] == [nameless]


def test_a_plan_that_runs_out_of_time_leaves_the_rest_to_the_stream() -> None:
    world = World()
    hub = world.agent(world.network(), "jump", "hub")
    hub.connect()
    records = [change_record(change) for change in committed(world)]

    answer = streams.plan({"Records": records}, lambda: streams.NEEDED_S - 1)

    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == [
        one["dynamodb"]["SequenceNumber"] for one in records
    ]
    assert world.outside.dead_letters.buried == []
