"""What a regular agent's heartbeats tell of its own handshakes."""

import pytest

from chalicelib.wire.frames import MOST_OWN_HANDSHAKES, OwnHandshake, OwnHandshakes
from tests.agent.core.agents import Agent, a_connected_agent, a_connected_jump, heartbeats, look, seen


def own(agent: Agent) -> OwnHandshakes | None:
    (beat,) = heartbeats(agent)
    return beat.own_handshakes


def test_a_regular_agent_tells_its_own_handshakes_as_ages() -> None:
    agent = a_connected_agent()
    began_s = agent.now_s
    look(agent, since_s=began_s)
    agent.now_s += 50
    look(agent, seen("hub", age_s=3.0), since_s=began_s, is_asked=False)
    agent.now_s += 120
    look(agent, seen("hub", age_s=1.4), seen("stranger"), since_s=began_s, is_asked=False)

    agent.now_s += 10
    look(agent, since_s=began_s)

    made = [OwnHandshake(peer_id="peer_hub", age_s=133), OwnHandshake(peer_id="peer_hub", age_s=11)]
    assert own(agent) == OwnHandshakes(watched_s=180, made=made)


@pytest.mark.parametrize(("age_s", "is_told"), [(600, True), (601, False)])
def test_own_handshakes_are_told_for_ten_minutes(age_s: int, is_told: bool) -> None:
    agent = a_connected_agent()
    look(agent, seen("hub"), since_s=agent.now_s)
    since_s = agent.now_s

    agent.now_s += age_s
    look(agent, since_s=since_s)

    made = [OwnHandshake(peer_id="peer_hub", age_s=age_s)] if is_told else []
    assert own(agent) == OwnHandshakes(watched_s=600, made=made)


def test_a_gap_in_the_watch_begins_the_tale_anew() -> None:
    agent = a_connected_agent()
    look(agent, seen("hub"), since_s=agent.now_s)

    agent.now_s += 100
    look(agent, since_s=agent.now_s)

    assert own(agent) == OwnHandshakes(watched_s=0, made=[])


def test_a_host_without_an_interface_says_nothing_of_its_handshakes() -> None:
    agent = a_connected_agent()

    look(agent, since_s=None)

    assert own(agent) is None


def test_a_jump_tells_what_it_sees_instead() -> None:
    agent = a_connected_jump()

    look(agent, seen("a"))

    assert own(agent) is None


def test_a_client_that_starts_over_and_over_is_told_in_bounds() -> None:
    agent = a_connected_agent()
    for _ in range(200):
        agent.now_s += 1
        look(agent, seen("hub"), is_asked=False)

    look(agent)

    assert own(agent) is not None
    assert len(own(agent).made) == MOST_OWN_HANDSHAKES  # type: ignore[union-attr]
