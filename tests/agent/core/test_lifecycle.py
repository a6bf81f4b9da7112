"""Start, stop and deletion: what the core does at the beginning and at the end of an agent."""

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.lifecycle import EXIT_PEER_DELETED
from agent.core.timers import Timer
from tests.agent.builders import a_bundle, a_tombstone, fetched
from tests.agent.core.agents import a_connected_agent, a_started_agent


def test_the_tunnel_is_made_from_disk_before_the_session_is_asked_for() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))

    jobs = [type(effect) for effect in agent.effects if isinstance(effect, ef.Apply | ef.OpenSession)]
    assert jobs == [ef.Apply, ef.OpenSession]


def test_only_a_tombstone_that_names_this_peer_takes_the_tunnel_down() -> None:
    agent = a_connected_agent()
    agent.hint(6)

    agent.take(ev.Deleted(tombstone=a_tombstone()))
    assert agent.of(ef.TearDown) == [ef.TearDown(a_tombstone())]
    agent.take(ev.TornDown())

    assert agent.effects == [ef.Exit(EXIT_PEER_DELETED)]


@pytest.mark.parametrize(
    "tombstone", [a_tombstone(peer_id="dyn_other"), a_tombstone(network_id="net_other")], ids=["peer", "network"]
)
def test_a_tombstone_of_another_is_an_outage(tombstone: object) -> None:
    agent = a_connected_agent()
    agent.hint(6)

    otherwise = ev.FetchFailed(status=410, reason="another's", at_s=agent.now_s)
    agent.take(ev.Deleted(tombstone=tombstone, otherwise=otherwise))  # type: ignore[arg-type]

    assert not agent.of(ef.TearDown)
    assert not agent.state.following.is_fetching
    agent.timer(Timer.FETCH)


def test_a_tombstone_of_another_for_a_session_is_tried_again() -> None:
    agent = a_started_agent()

    otherwise = ev.SessionFailed(status=410, reason="another's")
    agent.take(ev.Deleted(tombstone=a_tombstone(peer_id="dyn_other"), otherwise=otherwise))

    agent.fire(Timer.CONNECT)
    assert agent.of(ef.OpenSession) == [ef.OpenSession()]


def test_a_tunnel_that_cannot_be_removed_is_tried_again_before_the_end() -> None:
    agent = a_connected_agent()
    agent.take(ev.Deleted(tombstone=a_tombstone()))

    agent.take(ev.TearDownFailed(error="busy"))

    assert not agent.of(ef.Exit)
    assert agent.fire(Timer.TEAR_DOWN) == [ef.TearDown(a_tombstone())]


def test_a_stop_closes_the_socket_and_leaves_the_tunnel() -> None:
    agent = a_connected_agent()

    agent.take(ev.StopRequested())

    assert agent.of(ef.CloseSocket) == [ef.CloseSocket(1)]
    assert agent.of(ef.Exit) == [ef.Exit(0)]
    assert not agent.of(ef.TearDown)


def test_the_watch_begins_with_the_agent() -> None:
    agent = a_started_agent()

    assert agent.of(ef.Observe) == [ef.Observe(every_s=5.0)]
