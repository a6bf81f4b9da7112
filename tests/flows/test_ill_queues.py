"""Messages that fail, and turns that run out of time: what comes again, and when."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.adapters.queues.messages import failover_task_text, message_of, removal_text
from chalicelib.domain.change.agent_notices import ConfigChanged
from chalicelib.domain.change.rollout import Expected
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer.failover import ResetRequest
from chalicelib.domain.peer.presence import Fact
from chalicelib.entrypoints import queues
from chalicelib.ports.queues import Check, Push
from tests.world import SimulatedAgent, World

PUSHES = "arn:aws:sqs:eu-west-1:1:pushes"


@pytest.fixture
def hub(world: World) -> SimulatedAgent:
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


def test_a_socket_that_the_gateway_fails_with_is_told_later_and_the_others_now(
    world: World, hub: SimulatedAgent
) -> None:
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
