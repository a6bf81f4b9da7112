"""Who has to apply a change, who has, how long it took, and who is late."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.messages import message_of
from chalicelib.entrypoints import queues
from chalicelib.ports import Push
from chalicelib.wire.browser import PeerStatus
from tests.builders import a_key
from tests.world import SimulatedAgent, SimulatedBrowser, World

MS = timedelta(milliseconds=1)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def agents(world: World) -> list[SimulatedAgent]:
    """Two jumps and a dynamic peer, connected and in step."""
    network = world.network()
    made = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "left")]
    made.append(world.agent(network, "jump", "second hub", endpoint="198.51.100.2"))
    world.settle()
    for agent in made:
        agent.connect()
        report(agent)
    return made


def report(agent: SimulatedAgent, **fields: object) -> None:
    """Fetch what is new, and say that it is in force."""
    agent.fetch()
    said = {"generation": 1, "revision": agent.revision, "hash": "h", "ok": True, "ms": 1}
    agent.send({"type": "applied", **said, **fields})


def phone(world: World, network: str, name: str = "phone") -> int:
    """A change that concerns the jumps; answers its revision."""
    body = {"kind": "static", "name": name, "public_key": a_key(name)}
    made = world.api("POST", f"/networks/{network}/peers", body).json["peer"]
    world.settle()
    return int(made["revision"])


def progress(world: World, network: str, revision: int) -> Any:
    items = world.api("GET", f"/networks/{network}/changes?limit=200").json["items"]
    [change] = [item for item in items if item["revision"] == revision]
    return change["applied"]


def test_a_change_shows_how_many_apply_it_how_many_have_and_how_long_it_took(
    world: World, agents: list[SimulatedAgent]
) -> None:
    hub, left, second = agents
    revision = phone(world, hub.network_id)
    waiting = {"agents": 2, "applied": 0, "missing": sorted([hub.peer_id, second.peer_id]), "p50_ms": None}
    assert progress(world, hub.network_id, revision) == {**waiting, "max_ms": None}

    world.outside.clock.advance(80 * MS)
    report(hub)
    one = {"agents": 2, "applied": 1, "missing": [second.peer_id], "p50_ms": 80, "max_ms": 80}
    assert progress(world, hub.network_id, revision) == one

    world.outside.clock.advance(240 * MS)
    report(second)
    report(left)
    both = {"agents": 2, "applied": 2, "missing": [], "p50_ms": 80, "max_ms": 320}
    assert progress(world, hub.network_id, revision) == both


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


def test_a_deleted_agent_is_missed_no_more(world: World, agents: list[SimulatedAgent]) -> None:
    hub, _, second = agents
    revision = phone(world, hub.network_id)
    report(hub)

    world.api("DELETE", f"/networks/{hub.network_id}/peers/{second.peer_id}?force=true")

    after = progress(world, hub.network_id, revision)
    assert (after["agents"], after["applied"], after["missing"]) == (1, 1, [])


def test_a_change_that_concerns_nobody_is_applied_by_all_none_of_them(
    world: World, agents: list[SimulatedAgent]
) -> None:
    network, before = agents[0].network_id, [list(agent.hints) for agent in agents]

    changed = world.api("PATCH", f"/networks/{network}/peers/{agents[1].peer_id}", {"metadata": {"rack": "4"}}).json
    world.settle()

    assert progress(world, network, changed["revision"]) == {
        "agents": 0,
        "applied": 0,
        "missing": [],
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


def checked(world: World) -> None:
    """A minute has passed for the changes so far."""
    checks, world.outside.queue.checks = world.outside.queue.checks, []
    for check in checks:
        assert world.container.proofs.check(check) >= 0


def facts(browser: SimulatedBrowser) -> list[tuple[str, str, str | None]]:
    told = [frame for frame in browser.frames if isinstance(frame, PeerStatus)]
    return [(fact.peer_id, fact.fact, fact.status) for frame in told for fact in frame.peers]


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

    assert world.container.proofs.check(check) == 0


def test_a_check_that_comes_twice_is_one_event(world: World, agents: list[SimulatedAgent]) -> None:
    hub = agents[0]
    checked(world)
    phone(world, hub.network_id)
    [check] = world.outside.queue.checks
    before = len(world.outside.tables.facts)

    assert world.container.proofs.check(check) == 2
    assert world.container.proofs.check(check) == 2

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

    assert world.container.proofs.check(check) == 1

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
