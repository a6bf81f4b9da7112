"""Who has to apply a change, who has, and how long it took."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from chalicelib.domain.change.rollout import FEW
from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer.presence import Fact
from chalicelib.ports.queues import Push
from tests.application.push.builders import BROWSERS, MS, checked, missing, phone, progress, report, shown
from tests.builders import a_key
from tests.wired import wired_world
from tests.world import SimulatedAgent, World


def test_a_change_shows_how_many_apply_it_how_many_have_and_how_long_it_took(
    world: World, agents: list[SimulatedAgent]
) -> None:
    hub, left, second = agents
    revision = phone(world, hub.network_id)
    waiting = {"agents": 2, "applied": 0, "p50_ms": None, "max_ms": None}
    assert progress(world, hub.network_id, revision) == waiting
    assert missing(world, hub.network_id, revision) == sorted([hub.peer_id, second.peer_id])

    world.outside.clock.advance(80 * MS)
    report(hub)
    assert progress(world, hub.network_id, revision) == {"agents": 2, "applied": 1, "p50_ms": 80, "max_ms": 80}
    assert missing(world, hub.network_id, revision) == [second.peer_id]

    world.outside.clock.advance(240 * MS)
    report(second)
    report(left)
    assert progress(world, hub.network_id, revision) == {"agents": 2, "applied": 2, "p50_ms": 80, "max_ms": 320}
    assert missing(world, hub.network_id, revision) == []


def test_a_later_bundle_proves_the_changes_it_skipped(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    revisions = [phone(world, hub.network_id, f"phone {n}") for n in range(3)]

    report(hub)

    assert [progress(world, hub.network_id, revision)["applied"] for revision in revisions] == [1, 1, 1]


def test_a_report_of_a_failure_or_of_another_generation_proves_nothing(
    world: World, agents: list[SimulatedAgent]
) -> None:
    hub = agents[0]
    revision = phone(world, hub.network_id)

    report(hub, ok=False, error="no device")
    report(hub, generation=2)

    assert progress(world, hub.network_id, revision)["applied"] == 0
    session = world.api("GET", f"/networks/{hub.network_id}/peers/{hub.peer_id}/session").json
    assert (session["is_behind"], session["applied"]["error"]) == (True, "no device")
    assert session["applied"]["revision"] < revision


def test_a_lost_report_is_made_good_by_the_next_heartbeat(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    revision = phone(world, hub.network_id)
    hub.fetch()

    hub.send(
        {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": hub.revision, "hash": "h2"}
    )

    assert progress(world, hub.network_id, revision)["applied"] == 1
    session = world.api("GET", f"/networks/{hub.network_id}/peers/{hub.peer_id}/session").json
    assert (session["is_behind"], session["applied"]["hash"]) == (False, "h2")


def reported(world: World) -> list[Fact]:
    return [fact for fact in world.outside.tables.facts if fact.revision is not None]


def test_a_report_counts_once_however_often_it_comes(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    revision = phone(world, hub.network_id)
    report(hub)
    report(hub)

    for _ in range(3):
        world.container.rollouts.count([*reported(world), *reported(world)])

    after = progress(world, hub.network_id, revision)
    assert (after["applied"], after["agents"]) == (1, 2)


@pytest.mark.parametrize(("store", "failing"), [("facts", "insert"), ("progress", "note_applied")])
def test_a_report_that_the_store_turns_away_is_made_good_by_the_next_heartbeat(
    world: World, agents: list[SimulatedAgent], monkeypatch: pytest.MonkeyPatch, store: str, failing: str
) -> None:
    hub = agents[0]
    revision = phone(world, hub.network_id)

    def throttled(*_: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(getattr(world.outside, store), failing, throttled)
        with pytest.raises(TimeoutError):
            report(hub)
    said = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": hub.revision, "hash": "h"}
    hub.send(said)

    assert progress(world, hub.network_id, revision)["applied"] == 1


def test_a_report_that_came_before_its_change_was_planned_is_counted_by_the_check(
    world: World, agents: list[SimulatedAgent]
) -> None:
    hub, _, second = agents
    checked(world)
    body = {"kind": "static", "name": "phone", "public_key": a_key("phone")}
    revision = world.api("POST", f"/networks/{hub.network_id}/peers", body).json["peer"]["revision"]
    hub.fetch_whole()
    report(hub)
    world.container.rollouts.count(reported(world))
    world.container.plans.plan(list(world.outside.tables.changes.values())[-1:])
    before = shown(world, hub.network_id, revision)

    checked(world)

    after = shown(world, hub.network_id, revision)
    assert (before["applied"], after["applied"], after["agents"]) == (0, 1, 2)
    assert missing(world, hub.network_id, revision) == [second.peer_id]


def test_of_many_agents_each_counts_and_the_first_that_are_missing_are_named(world: World) -> None:
    network = world.network()
    many = [world.agent(network, "dynamic", f"n{number}") for number in range(FEW + 5)]
    world.settle()
    for agent in many:
        agent.connect()
        report(agent)
    revision = world.api("PATCH", f"/networks/{network}", {"dns": ["192.0.2.53"]}).json["revision"]
    world.settle()

    for agent in many[:3]:
        report(agent)

    after = progress(world, network, revision)
    assert (after["applied"], after["agents"]) == (3, FEW + 5)
    assert missing(world, network, revision) == [agent.peer_id for agent in many[3:23]]


def test_of_changes_to_many_that_one_agent_leaves_open_the_newest_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chalicelib.application.push.rollouts.AUDIENCES", 2)
    with wired_world() as world:
        network = world.network()
        sleeper, *_, agent = [world.agent(network, "dynamic", f"n{number}") for number in range(FEW + 2)]
        world.settle()
        agent.connect()
        wide = [
            world.api("PATCH", f"/networks/{network}", {"dns": [f"192.0.2.{number}"]}).json["revision"]
            for number in (1, 2, 3)
        ]
        world.settle()
        report(agent)

        reads = world.counted(world.settle)["read"]

        assert [shown(world, network, revision)["applied"] for revision in wide] == [0, 1, 1]
        assert reads == 1 + 2 + BROWSERS  # what is counted, whom two of them concern; who watches
        assert sleeper.peer_id in missing(world, network, wide[-1])


@pytest.mark.parametrize("revision", ["0", "999", "x", "-1"])
def test_nobody_is_asked_for_of_a_change_that_was_never_made(
    world: World, agents: list[SimulatedAgent], revision: str
) -> None:
    answer = world.api("GET", f"/networks/{agents[0].network_id}/changes/{revision}/missing")

    assert (answer.status, answer.json["code"]) == (404, "change_not_found")


FUTURE = 2**53 - 1


@pytest.mark.parametrize("by", ["socket", "rest", "heartbeat"])
def test_a_report_of_a_revision_that_was_never_made_counts_for_nothing(
    world: World, agents: list[SimulatedAgent], by: str
) -> None:
    hub = agents[0]
    running = hub.revision
    said = {"type": "applied", "generation": 1, "revision": FUTURE, "hash": "h", "ok": True, "ms": 1}
    match by:
        case "socket":
            hub.send(said)
        case "rest":
            assert world.api("POST", "/agent/applied", said, token=hub.session).status == 204
        case _:
            beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "hash": "h"}
            hub.send({**beat, "revision": FUTURE})

    revision = phone(world, hub.network_id)
    assert world.outside.progress.applied_revision(PeerId(hub.peer_id)) == running
    assert progress(world, hub.network_id, revision)["applied"] == 0
    report(hub)
    assert progress(world, hub.network_id, revision)["applied"] == 1


def test_an_agent_may_run_more_than_concerns_it_up_to_the_networks_revision(
    world: World, agents: list[SimulatedAgent]
) -> None:
    left = agents[1]
    newest = phone(world, left.network_id)
    said = {"type": "applied", "generation": 1, "hash": "h", "ok": True, "ms": 1}

    left.send({**said, "revision": newest + 1})
    before = world.outside.progress.applied_revision(PeerId(left.peer_id))
    left.send({**said, "revision": newest})

    assert (before < newest, world.outside.progress.applied_revision(PeerId(left.peer_id))) == (True, newest)


def test_a_deleted_agent_is_missed_no_more(world: World, agents: list[SimulatedAgent]) -> None:
    hub, _, second = agents
    revision = phone(world, hub.network_id)
    report(hub)

    world.api("DELETE", f"/networks/{hub.network_id}/peers/{second.peer_id}?force=true")

    assert missing(world, hub.network_id, revision) == []
    after = progress(world, hub.network_id, revision)
    assert (after["agents"], after["applied"]) == (1, 1)


def test_a_change_that_concerns_nobody_is_applied_by_all_none_of_them(
    world: World, agents: list[SimulatedAgent]
) -> None:
    network, before = agents[0].network_id, [list(agent.hints) for agent in agents]

    changed = world.api("PATCH", f"/networks/{network}/peers/{agents[1].peer_id}", {"metadata": {"rack": "4"}}).json
    world.settle()

    assert progress(world, network, changed["revision"]) == {
        "agents": 0,
        "applied": 0,
        "p50_ms": None,
        "max_ms": None,
    }
    assert [agent.hints for agent in agents] == before
    assert [agent.fetch().status for agent in agents] == [304, 304, 304]


def test_what_is_wanted_is_raised_before_anybody_is_told(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    queue, seen = world.outside.queue, []
    send = queue.send

    def sent(pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None:
        seen.append({agent.peer_id: world.outside.tables.agents[agent.peer_id].wanted for agent in agents})  # type: ignore[index]
        send(pushes, delay)

    queue.send = sent  # type: ignore[method-assign]
    revision = phone(world, hub.network_id)

    assert [known[hub.peer_id] for known in seen] == [revision] * len(seen)
    assert seen
    assert hub.hints[-1] == revision
