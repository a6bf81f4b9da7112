"""A socket that sends too much is closed, and its agent gets no session for ten minutes."""

from datetime import timedelta

import pytest

from chalicelib.application.agents.floods import MOST, REFUSED_FOR
from tests.browser import SimulatedBrowser
from tests.world import SimulatedAgent, World

BEAT = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 0, "hash": ""}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def agent(world: World) -> SimulatedAgent:
    agent = world.agent(world.network(), "jump", "hub")
    agent.connect()  # and its hello is the first frame
    return agent


def flood(agent: SimulatedAgent, frames: int = MOST) -> None:
    for _ in range(frames):
        agent.send(BEAT)


def is_open(world: World, agent: SimulatedAgent) -> bool:
    return agent.connection in world.outside.gateway.open


def test_as_many_frames_as_may_be_are_answered(world: World, agent: SimulatedAgent) -> None:
    flood(agent, MOST - 1)

    assert is_open(world, agent)
    assert world.api("GET", "/agent/bundle", token=agent.session).status == 200


def test_one_more_closes_the_socket_and_ends_the_session(world: World, agent: SimulatedAgent) -> None:
    flood(agent)

    assert not is_open(world, agent)
    assert agent.connection is not None
    assert world.outside.gateway.dismissed[agent.connection] == REFUSED_FOR.total_seconds()
    assert world.api("GET", "/agent/bundle", token=agent.session).status == 401


def test_what_comes_still_is_neither_answered_nor_written(world: World, agent: SimulatedAgent) -> None:
    flood(agent)
    before, answered = world.outside.tables.snapshot(), len(agent.frames)

    flood(agent, 50)

    assert (world.outside.tables.snapshot(), len(agent.frames)) == (before, answered)


def test_no_session_opens_before_the_time_is_over(world: World, agent: SimulatedAgent) -> None:
    flood(agent)

    refused = agent.open_session()
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == str(int(REFUSED_FOR.total_seconds()))

    world.outside.clock.advance(REFUSED_FOR - timedelta(seconds=1))
    assert agent.open_session().headers["Retry-After"] == "1"
    world.outside.clock.advance(timedelta(seconds=1))
    assert agent.open_session().status == 200


def test_a_change_of_the_peer_does_not_let_it_in_earlier(world: World, agent: SimulatedAgent) -> None:
    flood(agent)
    world.api("PATCH", f"/networks/{agent.network_id}/peers/{agent.peer_id}", {"name": "renamed"})

    assert agent.open_session().status == 429


def test_who_does_not_prove_itself_learns_nothing_of_it(world: World, agent: SimulatedAgent) -> None:
    flood(agent)
    stranger = SimulatedAgent(world, "stranger")
    stranger.peer_id, stranger.network_id = agent.peer_id, agent.network_id

    assert stranger.open_session().status == 401


def test_one_that_floods_hinders_no_other(world: World, agent: SimulatedAgent) -> None:
    other = world.agent(agent.network_id, "dynamic", "left")
    other.connect()
    flood(agent)

    flood(other, 5)

    assert is_open(world, other)
    assert other.open_session().status == 200


def test_frames_of_another_minute_are_counted_anew(world: World, agent: SimulatedAgent) -> None:
    flood(agent, MOST - 1)
    world.outside.clock.advance(timedelta(minutes=1))
    flood(agent, MOST - 1)

    assert is_open(world, agent)


def test_frames_that_cannot_be_read_are_counted_as_well(world: World, agent: SimulatedAgent) -> None:
    for _ in range(MOST):
        agent.send({"type": "nonsense"})

    assert not is_open(world, agent)


def test_a_browser_that_floods_is_closed(world: World) -> None:
    browser = SimulatedBrowser(world)
    browser.connect()
    for _ in range(MOST):
        browser.send({"type": "heartbeat"})

    assert browser.connection not in world.outside.gateway.open
