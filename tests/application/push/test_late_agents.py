"""Agents that are connected and late with a change: browsers are told."""

from datetime import timedelta

from chalicelib.adapters.queues.messages import message_of
from chalicelib.entrypoints import queues
from tests.application.push.builders import checked, facts, phone, report
from tests.browser import SimulatedBrowser
from tests.builders import a_key
from tests.world import SimulatedAgent, World


def test_an_agent_that_is_connected_and_late_is_told_to_browsers(world: World, agents: list[SimulatedAgent]) -> None:
    hub, _, second = agents
    world.settle()
    checked(world)
    world.settle()
    browser = SimulatedBrowser(world)
    browser.connect()
    world.outside.clock.advance(timedelta(seconds=1))

    phone(world, hub.network_id)
    report(hub)
    world.settle()
    checked(world)
    world.settle()

    assert facts(browser) == [(hub.peer_id, "applied", "online"), (second.peer_id, "late", None)]


def test_an_agent_that_is_away_is_not_late(world: World, agents: list[SimulatedAgent]) -> None:
    hub, _, second = agents
    checked(world)
    phone(world, hub.network_id)
    report(hub)
    second.close()

    [check] = world.outside.queue.checks

    assert world.container.rollouts.check(check) == 0


def test_a_check_that_comes_twice_is_one_event(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    checked(world)
    phone(world, hub.network_id)
    [check] = world.outside.queue.checks
    before = len(world.outside.tables.facts)

    assert world.container.rollouts.check(check) == 2
    assert world.container.rollouts.check(check) == 2

    assert len(world.outside.tables.facts) == before + 2


def test_of_changes_planned_together_an_agent_is_late_by_the_newest_that_concerns_it(
    world: World, agents: list[SimulatedAgent]
) -> None:
    hub, left, second = agents
    checked(world)
    path = f"/networks/{hub.network_id}/peers"
    own = world.api("PATCH", f"{path}/{left.peer_id}", {"mtu": 1380}).json["revision"]
    for name in ("phone", "printer"):
        world.api("POST", path, {"kind": "static", "name": name, "public_key": a_key(name)})
    world.settle()
    report(left, revision=own)
    report(second, revision=own + 1)
    report(hub)
    [check] = world.outside.queue.checks

    assert world.container.rollouts.check(check) == 1

    assert {fact.peer_id for fact in world.outside.tables.facts if fact.kind == "late"} == {second.peer_id}


def test_a_check_travels_by_the_queue(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    checked(world)
    revision = phone(world, hub.network_id)
    [check] = world.outside.queue.checks

    answer = queues.deliver({"Records": [{"messageId": "m", "body": message_of(check)}]})

    assert answer == {"batchItemFailures": []}
    assert check.first == check.last == revision
    assert {fact.peer_id for fact in world.outside.tables.facts if fact.kind == "late"} == {
        hub.peer_id,
        agents[2].peer_id,
    }
