"""From changes to hints: few messages for many sockets, each agent told the newest that concerns it."""

import pytest

from chalicelib.application.push.plans import (
    CONNECTIONS_A_SECOND,
    FETCHES_A_SECOND,
    NARROW,
    SOCKETS_PER_PUSH,
    return_in_s,
    spread_ms,
)
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.ports.queues import Check
from chalicelib.wire.frames import ConfigChanged
from tests.browser import SimulatedBrowser
from tests.wired import wired_world
from tests.world import SimulatedAgent, World


def connected(agents: int) -> tuple[World, str, list[SimulatedAgent]]:
    world = World()
    network = world.network(cidr="10.0.0.0/16")
    known = [world.agent(network, "dynamic", f"n{number}") for number in range(agents)]
    for agent in known:
        agent.connect()
    world.settle()
    return world, network, known


@pytest.mark.parametrize("more", [0, 1])
def test_a_change_that_concerns_everyone_goes_out_by_messages_of_some_fifty_sockets(more: int) -> None:
    world, network, known = connected(SOCKETS_PER_PUSH + more)
    changed = world.api("PATCH", f"/networks/{network}", {"dns": ["192.0.2.53"]}).json["revision"]

    world.container.plans.plan(list(world.outside.tables.changes.values())[-1:])

    sizes = [len(push.connections) for push in world.outside.queue.messages]
    assert sizes == [SOCKETS_PER_PUSH, 1][: 1 + more]
    world.deliver()
    assert all(agent.hints[-1] == changed for agent in known)


def test_of_changes_planned_together_each_agent_is_told_the_newest_that_concerns_it() -> None:
    world, network, (left, right, *_) = connected(3)
    for agent, mtu in ((left, 1400), (right, 1380), (left, 1360), (left, 1340)):
        world.api("PATCH", f"/networks/{network}/peers/{agent.peer_id}", {"mtu": mtu})
    before = [list(agent.hints) for agent in (left, right)]
    *_, first, second, third, last = world.outside.tables.changes.values()

    world.container.plans.plan([third, last, first, second])
    world.deliver()

    assert (left.hints, right.hints) == ([*before[0], last.revision], [*before[1], second.revision])
    assert wanted(world, left, right) == [last.revision, second.revision]
    rollouts = world.outside.rollouts.rollouts(NetworkId(network), first.revision, last.revision)
    expected = {revision: set(rollout.few or ()) for revision, rollout in rollouts.items()}
    who = {change.revision: {agent.peer_id} for change, agent in zip((first, third, last), [left] * 3, strict=True)}
    assert expected == {**who, second.revision: {right.peer_id}}
    assert world.outside.queue.checks[-1] == Check(NetworkId(network), first.revision, last.revision)


def test_changes_that_come_again_tell_but_change_nothing() -> None:
    world, network, (left, *_) = connected(2)
    for mtu in (1400, 1380):
        world.api("PATCH", f"/networks/{network}/peers/{left.peer_id}", {"mtu": mtu})
    both = list(world.outside.tables.changes.values())[-2:]
    world.container.plans.plan(both)
    before = world.outside.tables.snapshot()

    world.container.plans.plan([*both, *both[:1]])
    world.container.plans.plan(both[:1])

    assert world.outside.tables.snapshot() == before
    assert wanted(world, left) == [both[-1].revision]


def test_of_changes_planned_together_only_whom_a_move_concerns_waits_for_the_new_home() -> None:
    world, network, (left, right) = connected(2)
    hubs = [world.agent(network, "jump", f"hub {n}", endpoint=f"198.51.100.{n}") for n in (1, 2)]
    for hub in hubs:
        hub.connect()
    world.settle()
    path = f"/networks/{network}/peers"
    home, new = hubs
    world.api("PATCH", f"{path}/{left.peer_id}", {"preferred_jump_id": new.peer_id})
    world.api("PATCH", f"{path}/{right.peer_id}", {"mtu": 1380})

    world.container.plans.plan(list(world.outside.tables.changes.values())[-2:])

    waits = {known.holder: push.after for push in world.outside.queue.messages for known in push.connections}
    after = (new.peer_id,)
    assert waits == {new.peer_id: (), right.peer_id: (), left.peer_id: after, home.peer_id: after}


def test_peers_deleted_among_other_changes_are_ended_and_browsers_hear_of_each_change() -> None:
    world, network, (left, right) = connected(2)
    browser = SimulatedBrowser(world)
    browser.connect()
    world.settle()
    browser.frames.clear()
    world.api("PATCH", f"/networks/{network}/peers/{right.peer_id}", {"mtu": 1380})
    world.api("DELETE", f"/networks/{network}/peers/{left.peer_id}")
    changes = list(world.outside.tables.changes.values())[-2:]

    world.container.plans.plan(changes)
    world.deliver()

    assert left.hints[-1] == changes[-1].revision
    assert left.connection not in world.outside.gateway.open
    assert right.connection in world.outside.gateway.open
    assert [(frame.what, frame.revision) for frame in browser.frames] == [
        (change.what, change.revision) for change in changes
    ]


def wanted(world: World, *agents: SimulatedAgent) -> list[Revision]:
    presences = world.outside.presence.of([PeerId(agent.peer_id) for agent in agents])
    return [presences[PeerId(agent.peer_id)].wanted for agent in agents]


@pytest.mark.parametrize(("jumps", "queries"), [(NARROW, NARROW), (NARROW + 1, 1)])
def test_the_sockets_of_few_agents_are_asked_for_one_by_one_and_of_more_at_once(jumps: int, queries: int) -> None:
    with wired_world() as world:
        network = world.network()
        for number in range(jumps):
            world.agent(network, "jump", f"hub {number}", endpoint=f"198.51.100.{number}")
        left = world.agent(network, "dynamic", "left")
        world.settle()
        world.api("PATCH", f"/networks/{network}/peers/{left.peer_id}", {"name": "right"})

        cost = world.counted(world.settle)

    assert cost == {"read": 2 + 1 + queries, "write": 2}  # browsers, jumps, sockets; wanted, and who has to apply it


@pytest.mark.parametrize(
    ("agents", "within_ms"), [(FETCHES_A_SECOND, 0), (FETCHES_A_SECOND + 1, 1_001), (10_000, 10_000), (10**6, 60_000)]
)
def test_the_more_agents_are_told_at_once_the_longer_they_take_to_fetch(agents: int, within_ms: int) -> None:
    assert spread_ms(agents) == within_ms


@pytest.mark.parametrize(("agents", "is_spread"), [(NARROW + 2, False), (NARROW + 3, True)])
def test_only_hints_to_many_are_spread(agents: int, is_spread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.application.push.plans.FETCHES_A_SECOND", NARROW + 2)
    world, network, (first, *others) = connected(agents)
    world.api("PATCH", f"/networks/{network}", {"dns": ["192.0.2.53"]})
    world.api("PATCH", f"/networks/{network}/peers/{first.peer_id}", {"mtu": 1380})

    world.container.plans.plan(list(world.outside.tables.changes.values())[-2:])
    world.deliver()

    def told(agent: SimulatedAgent) -> int:
        *_, last = (frame for frame in agent.frames if isinstance(frame, ConfigChanged))
        return last.within_ms

    assert told(first) == 0
    assert {told(agent) > 0 for agent in others} == {is_spread}


@pytest.mark.parametrize(
    ("closed", "in_s"), [(CONNECTIONS_A_SECOND, 0), (CONNECTIONS_A_SECOND + 1, 1), (10_000, 20), (10**6, 60)]
)
def test_the_more_sockets_are_closed_at_once_the_later_they_are_to_come_back(closed: int, in_s: int) -> None:
    assert return_in_s(closed) == in_s


@pytest.mark.parametrize("most", [3, 4])
def test_agents_of_a_deleted_network_are_told_when_to_come_back_if_they_are_many(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.application.push.plans.CONNECTIONS_A_SECOND", most)
    world, network, agents = connected(4)
    sockets = [ConnectionId(str(agent.connection)) for agent in agents]

    assert world.api("DELETE", f"/networks/{network}?force=true").status == 204
    world.settle()

    in_s = 1 if most < len(agents) else 0
    assert {world.outside.gateway.dismissed[socket] for socket in sockets} == {in_s}
    hints = [frame for agent in agents for frame in agent.frames if isinstance(frame, ConfigChanged)]
    assert {hint.within_ms for hint in hints[-1:]} == {in_s * 1_000}
