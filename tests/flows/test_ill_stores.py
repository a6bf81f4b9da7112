"""A store or queue that is ill for a while loses no change: the stream keeps what could not be planned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.adapters.push.messages import failover_task_text, message_of, removal_text
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.push_notice import ConfigChanged
from chalicelib.domain.change.rollout import Expected
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer.failover import ResetRequest
from chalicelib.domain.peer.presence import Fact
from chalicelib.entrypoints import queues, streams
from chalicelib.ports.queues import Check, Push
from tests.flows.test_faults import record
from tests.records import change_record
from tests.world import SimulatedAgent, World

RESOURCES = yaml.safe_load((Path(__file__).parents[2] / "infra" / "resources.yaml").read_text())["Resources"]
RETRIES = RESOURCES["Plan"]["Properties"]["Events"]["Changes"]["Properties"]["MaximumRetryAttempts"]
PUSHES = "arn:aws:sqs:eu-west-1:1:pushes"

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


# ---- queues --------------------------------------------------------------------------------------


@pytest.fixture
def hub() -> SimulatedAgent:
    world = World()
    hub = world.agent(world.network(), "jump", "hub")
    hub.connect()
    world.settle()
    return hub


def received(number: int, body: str, times: int = 1) -> dict[str, Any]:
    """A message as Lambda hands it over, the n-th time."""
    return {
        "messageId": str(number),
        "body": body,
        "receiptHandle": f"receipt {number}",
        "eventSourceARN": PUSHES,
        "attributes": {"ApproximateReceiveCount": str(times)},
    }


def a_hint(hub: SimulatedAgent, revision: int) -> Push:
    world = hub.world
    rows = world.outside.connections.of_agents(NetworkId(hub.network_id))
    return Push(ConfigChanged(NetworkId(hub.network_id), Revision(revision)), tuple(rows))


def clock_of(*readings: float) -> Callable[[], float]:
    """The seconds left, one look after the other; the last stays."""
    left = list(readings)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize(("times", "shortest", "longest"), [(1, 1, 2), (3, 4, 8), (9, 30, 60), (200, 30, 60)])
def test_what_fails_is_seen_again_within_seconds_and_later_each_time(
    hub: SimulatedAgent, times: int, shortest: int, longest: int
) -> None:
    good = received(2, message_of(a_hint(hub, 7)))

    answer = queues.deliver({"Records": [received(1, "{", times), good]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    [(receipt, wait_s)] = hub.world.outside.redelivery.waits_s.items()
    assert receipt == "receipt 1"
    assert shortest <= wait_s <= longest


def test_a_visibility_that_cannot_be_changed_fails_nothing_else(hub: SimulatedAgent) -> None:
    def ill(source: str, waits_s: Mapping[str, int]) -> None:
        raise ConnectionError(source)

    hub.world.outside.redelivery.after = ill  # type: ignore[method-assign]

    assert queues.deliver({"Records": [received(1, "{")]}) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_a_socket_that_the_gateway_fails_with_is_told_later_and_the_others_now(hub: SimulatedAgent) -> None:
    world = hub.world
    second = world.agent(hub.network_id, "jump", "second", endpoint="198.51.100.2")
    second.connect()
    push = a_hint(hub, 70)
    world.outside.gateway.ill.add(ConnectionId(str(hub.connection)))

    assert queues.deliver({"Records": [received(1, message_of(push))]}) == {"batchItemFailures": []}
    told = (second.hints[-1], hub.hints[-1:] == [70])
    world.outside.gateway.ill.clear()
    waiting, world.outside.queue.delayed = world.outside.queue.delayed, []
    for again in waiting:
        world.container.deliveries.deliver(again)

    assert told == (70, False)
    assert [([known.holder for known in again.connections], again.tries) for again in waiting] == [([hub.peer_id], 1)]
    assert hub.hints[-1] == 70
    assert second.hints.count(70) == 1


def test_looks_for_late_agents_come_after_every_hint_of_their_batch(hub: SimulatedAgent) -> None:
    world = hub.world
    network = NetworkId(hub.network_id)
    revision = Revision(world.outside.tables.networks[network].revision + 1)
    now = world.outside.clock.now()
    world.outside.rollouts.expect(network, {revision: Expected(frozenset({PeerId(hub.peer_id)}), now)}, now)
    told: list[bool] = []
    insert = world.outside.facts.insert

    def noted(*facts: Fact) -> None:
        told.append(hub.hints[-1:] == [revision])
        insert(*facts)

    world.outside.facts.insert = noted  # type: ignore[method-assign]
    check = message_of(Check(network, revision, revision))

    queues.deliver({"Records": [received(1, check), received(2, message_of(a_hint(hub, revision)))]})

    assert told == [True]


def test_failover_tasks_for_which_there_is_no_time_are_seen_again_at_once(hub: SimulatedAgent) -> None:
    asked = failover_task_text(ResetRequest(NetworkId(hub.network_id), PeerId("dyn_1"), PeerId(hub.peer_id)))
    records = [received(number, asked) for number in range(3)]
    before = len(hub.frames)

    answer = queues.failover({"Records": records}, clock_of(queues.NEEDED_S, queues.NEEDED_S - 1))

    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["1", "2"]
    assert len(hub.frames) == before + 1
    assert hub.world.outside.redelivery.waits_s == {"receipt 1": 1, "receipt 2": 1}


def a_network_to_remove(world: World, peers: int) -> NetworkId:
    network = world.network(cidr="10.0.0.0/20")
    for number in range(peers):
        world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": f"p{number}"})
    world.api("DELETE", f"/networks/{network}?force=true")
    return NetworkId(network)


def test_a_removal_that_runs_out_of_time_goes_on_in_its_next_turn() -> None:
    world = World()
    network = a_network_to_remove(world, 25)

    answer = queues.remove(
        {"Records": [received(1, removal_text(network, 3))]}, clock_of(queues.NEEDED_S, queues.NEEDED_S - 1)
    )

    assert answer == {"batchItemFailures": []}
    assert (world.outside.removals.started, world.outside.removals.turns) == ([network], {network: 4})
    assert len(world.outside.tables.peers) == 15
    while world.outside.removals.started:
        queues.remove({"Records": [received(1, removal_text(world.outside.removals.started.pop(), 4))]})
    assert network not in world.outside.tables.networks


@pytest.mark.parametrize(("turn", "is_run"), [(queues.MOST_TURNS - 1, True), (queues.MOST_TURNS, False)])
def test_a_removal_has_an_end_though_its_network_should_never_be_empty(turn: int, is_run: bool) -> None:
    world = World()
    network = a_network_to_remove(world, 1)

    answer = queues.remove({"Records": [received(1, removal_text(network, turn))]})

    assert (answer == {"batchItemFailures": []}) is is_run
    assert (network in world.outside.tables.networks) is not is_run
    assert world.outside.removals.started == []
