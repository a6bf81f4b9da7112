"""How long a way bears silence: what is believed after how many ends of a socket."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import events as ev
from agent.core.pauses import BELIEVED_FOR_S, SHORTEST_S, SILENCE_AT_LEAST_S, closed, heard, opened
from agent.core.state import Pauses
from agent.core.timers import Timer
from chalicelib.wire.frames import Welcome
from scripts.bench.returning import ControlPlane, Simulation
from tests.agent.core.agents import Agent, a_connected_agent, acknowledge

FIRST = opened(Pauses(), 100.0)


def cut(pauses: Pauses, at_s: float, silence_s: float) -> Pauses:
    """A socket that is opened, and ends in silence."""
    return closed(opened(pauses, at_s - silence_s), at_s)


def test_one_end_in_silence_is_a_suspicion_and_two_in_a_row_are_believed() -> None:
    once = cut(Pauses(), 1_000, 60)
    assert once.bearable_s is None

    twice = cut(once, 2_000, 62)
    assert twice.bearable_s == 30


def test_half_of_what_was_borne_is_halved_again_when_that_is_cut_too() -> None:
    pauses = cut(cut(Pauses(), 1_000, 400), 2_000, 400)
    assert pauses.bearable_s == 200

    pauses = cut(cut(pauses, 3_000, 150), 4_000, 150)

    assert pauses.bearable_s == 75


@pytest.mark.parametrize(("silence_s", "is_believed"), [(59.0, True), (60.0, False), (61.0, False)])
def test_a_silence_as_long_that_is_borne_clears_the_suspicion(silence_s: float, is_believed: bool) -> None:
    suspected = opened(cut(Pauses(), 1_000, 60), 1_000)

    borne = heard(suspected, 1_000 + silence_s)

    assert (closed(borne, 1_000 + silence_s + 60).bearable_s is not None) == is_believed


@pytest.mark.parametrize(("silence_s", "is_suspicious"), [(SILENCE_AT_LEAST_S - 1, False), (SILENCE_AT_LEAST_S, True)])
def test_a_socket_that_ends_while_it_speaks_was_not_cut_for_its_silence(silence_s: float, is_suspicious: bool) -> None:
    ended = cut(Pauses(), 1_000, silence_s)

    assert (ended.cut_after_s is not None) == is_suspicious


def test_frames_end_the_silence() -> None:
    pauses = heard(FIRST, 190.0)

    assert closed(pauses, 200.0) == Pauses()


def test_a_socket_that_was_never_welcomed_says_nothing_of_silence() -> None:
    assert closed(Pauses(), 9_000.0) == Pauses()


def test_no_way_is_so_bad_that_an_agent_speaks_all_the_time() -> None:
    assert cut(cut(Pauses(), 1_000, 20), 2_000, 20).bearable_s == SHORTEST_S


@pytest.mark.parametrize(("age_s", "is_kept"), [(BELIEVED_FOR_S - 1, True), (BELIEVED_FOR_S, False)])
def test_what_was_learned_is_forgotten_after_a_day(age_s: float, is_kept: bool) -> None:
    learned = cut(cut(Pauses(), 1_000, 60), 2_000, 60)

    assert (opened(learned, 2_000 + age_s).bearable_s is not None) == is_kept


@given(cuts_after_s=st.floats(SILENCE_AT_LEAST_S + 1, 1_000), seed=st.integers(0, 1_000))
def test_behind_a_proxy_that_ends_idle_sockets_an_agent_is_cut_twice_and_then_stays(
    cuts_after_s: float, seed: int
) -> None:
    simulation = Simulation(ControlPlane(math.inf, math.inf, cuts_after_s=cuts_after_s), 1, random.Random(seed).uniform)
    (agent,) = simulation.agents
    simulation.lose_all(1.0)

    simulation.run_to(7_200)

    assert agent.is_up
    assert len(agent.cuts) <= 2
    assert all(again - cut <= 5 for cut, again in zip(agent.cuts, agent.tries[1:], strict=False))
    assert len(agent.beats) <= 10 + 7_200 / (min(cuts_after_s / 2, 540.0) * 0.9)


def a_reconnected_agent(agent: Agent, interval_s: int = 540) -> Agent:
    """Its socket ended; it opened the next, and was welcomed there."""
    agent.take(ev.SocketClosed(socket=agent.state.link.number, status=None, reason="gone", at_s=agent.now_s))
    agent.fire(Timer.CONNECT)
    agent.take(ev.SocketOpened(socket=agent.state.link.number, at_s=agent.now_s))
    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=interval_s))
    return agent


def test_an_agent_behind_a_proxy_that_cuts_idle_sockets_learns_to_speak_earlier() -> None:
    agent = a_reconnected_agent(a_connected_agent())
    for _ in range(2):
        agent.now_s += 60
        a_reconnected_agent(agent)

    timer = agent.timer(Timer.HEARTBEAT)

    assert [timer.low_s, timer.high_s] == pytest.approx([27, 30])


def test_a_way_that_bears_more_silence_than_is_asked_for_changes_nothing() -> None:
    agent = a_connected_agent()
    for _ in range(3):
        agent.now_s += 300
        a_reconnected_agent(agent, interval_s=45)

    assert agent.timer(Timer.HEARTBEAT).high_s == 45


def test_an_answer_after_a_longer_silence_shows_that_the_way_bears_it() -> None:
    agent = a_reconnected_agent(a_connected_agent())
    agent.now_s += 60
    a_reconnected_agent(agent)
    agent.now_s += 90
    acknowledge(agent, 1)
    agent.now_s += 60
    a_reconnected_agent(agent)

    assert agent.timer(Timer.HEARTBEAT).high_s == 540


def test_a_socket_that_the_agent_itself_gives_up_was_not_cut() -> None:
    agent = a_reconnected_agent(a_connected_agent())
    for _ in range(3):
        agent.now_s += 60
        agent.fire(Timer.ACK)
        agent.fire(Timer.CONNECT)
        agent.take(ev.SocketOpened(socket=agent.state.link.number, at_s=agent.now_s))
        agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=540))

    assert agent.timer(Timer.HEARTBEAT).high_s == 540
