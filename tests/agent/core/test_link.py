"""How the core opens, renews and loses session and socket."""

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Socket
from agent.core.timers import Timer
from chalicelib.wire.frames import Hello, Welcome
from tests.agent.builders import a_bundle, fetched
from tests.agent.core.agents import (
    HEARTBEAT,
    HOST,
    NO_ANSWER,
    Agent,
    a_connected_agent,
    a_connected_jump,
    a_started_agent,
    acknowledge,
    look,
    seen,
)


def test_hello_names_what_runs() -> None:
    bundle = a_bundle(5)
    agent = a_started_agent(fetched(bundle))
    agent.apply(bundle)
    agent.take(ev.SessionOpened(lifetime_s=3600))

    agent.take(ev.SocketOpened(socket=1))

    assert agent.sent() == [Hello(instance_id="instance", generation=0, revision=5, hash=fetched(bundle).hash)]


@pytest.mark.parametrize("status", [None, 401, 403, 404, 410, 500])
def test_whatever_a_session_fails_with_the_tunnel_stays_and_it_is_tried_again(status: int | None) -> None:
    agent = a_started_agent()

    agent.take(ev.SessionFailed(status=status, reason=NO_ANSWER))

    assert not agent.of(ef.TearDown)
    agent.fire(Timer.CONNECT)
    assert agent.of(ef.OpenSession) == [ef.OpenSession()]


def test_a_401_opens_another_session() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.take(ev.FetchFailed(status=401, reason=NO_ANSWER))

    assert agent.fire(Timer.CONNECT) == [ef.OpenSession()]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_handshake_opens_another_session(status: int) -> None:
    agent = a_connected_agent()

    agent.take(ev.SocketClosed(socket=1, status=status, reason=NO_ANSWER))

    agent.fire(Timer.CONNECT)
    assert agent.of(ef.OpenSession) == [ef.OpenSession()]


def test_a_lost_socket_keeps_its_session() -> None:
    agent = a_connected_agent()

    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))

    assert ef.OpenSocket(2) in agent.fire(Timer.CONNECT)


def test_a_lost_socket_is_tried_again_soon_and_then_the_rarer_the_longer_it_is_away() -> None:
    agent = a_connected_agent()
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    bounds = [(agent.timer(Timer.CONNECT).low_s, agent.timer(Timer.CONNECT).high_s)]
    for away_s in (0, 10, 100, 1_000, 10_000):
        agent.now_s = 100.0 + away_s
        agent.fire(Timer.CONNECT)
        bounds.append((agent.timer(Timer.CONNECT).low_s, agent.timer(Timer.CONNECT).high_s))
        agent.take(ev.SocketClosed(socket=agent.state.link.number, status=None, reason=NO_ANSWER, at_s=agent.now_s))
        assert not agent.of(ef.SetTimer)  # the next try stays due when it was

    assert bounds == [(0, 4), (3, 4), (4.5, 6), (18, 24), (37.5, 50), (37.5, 50)]


def test_a_jump_that_lost_its_socket_is_back_before_it_is_taken_for_silent() -> None:
    agent = a_connected_jump()

    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))

    assert (agent.timer(Timer.CONNECT).low_s, agent.timer(Timer.CONNECT).high_s) == (0, 1)


def test_a_welcome_ends_the_growth_of_waits() -> None:
    agent = a_connected_agent()
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    agent.now_s += 1_000
    agent.fire(Timer.CONNECT)
    agent.take(ev.SocketOpened(socket=2, at_s=agent.now_s))
    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=30))
    assert ef.CancelTimer(Timer.CONNECT) in agent.effects

    agent.take(ev.SocketClosed(socket=2, status=None, reason=NO_ANSWER, at_s=agent.now_s))

    assert agent.timer(Timer.CONNECT).high_s == 4


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_that_says_when_to_come_again_is_heeded(status: int) -> None:
    agent = a_connected_agent()
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    agent.fire(Timer.CONNECT)

    agent.take(ev.SocketClosed(socket=2, status=status, reason=NO_ANSWER, retry_after_s=30, at_s=agent.now_s))

    assert (agent.timer(Timer.CONNECT).low_s, agent.timer(Timer.CONNECT).high_s) == (30, 64)


def test_a_renewal_is_asked_for_again_when_its_answer_said() -> None:
    agent = a_connected_agent()
    agent.fire(Timer.RENEW)

    agent.take(ev.SessionFailed(status=429, reason=NO_ANSWER, retry_after_s=20))

    assert agent.timer(Timer.RENEW).low_s == 20


def test_an_hour_offline_is_a_line_of_log_a_minute() -> None:
    agent = a_started_agent()
    lines = 0
    for second in range(0, 3600, 5):
        agent.take(ev.SessionFailed(status=None, reason=NO_ANSWER, at_s=float(second)))
        lines += len(agent.of(ef.Log))
        agent.fire(Timer.CONNECT)

    assert lines == 60


def test_a_session_is_renewed_before_it_ends_and_within_the_life_of_a_socket() -> None:
    agent = a_started_agent()

    agent.take(ev.SessionOpened(lifetime_s=3600))

    assert 0 < agent.timer(Timer.RENEW).low_s < agent.timer(Timer.RENEW).high_s <= 57 * 60


def a_renewing_agent(agent: Agent) -> Agent:
    """Its second session is open, and the socket for it about to be."""
    assert agent.fire(Timer.RENEW) == [ef.OpenSession()]
    agent.take(ev.SessionOpened(lifetime_s=3600, at_s=agent.now_s))
    return agent


def test_renewal_replaces_the_socket_when_the_new_one_is_welcomed() -> None:
    agent = a_renewing_agent(a_connected_agent())
    assert (agent.of(ef.OpenSocket), agent.of(ef.CloseSocket)) == ([ef.OpenSocket(2)], [])
    agent.take(ev.SocketOpened(socket=2))
    assert agent.of(ef.CloseSocket) == []

    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=30))

    assert agent.of(ef.CloseSocket) == [ef.CloseSocket(1)]
    agent.take(ev.SocketClosed(socket=1, status=None, reason="closed"))
    assert agent.state.link.socket is Socket.UP


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_socket_that_is_not_welcomed_takes_the_one_before_with_it(is_refused: bool) -> None:
    agent = a_renewing_agent(a_connected_agent())

    if is_refused:
        agent.take(ev.SocketClosed(socket=2, status=503, reason=NO_ANSWER))
    else:
        agent.fire(Timer.CONNECT)

    assert ef.CloseSocket(1) in agent.of(ef.CloseSocket)
    agent.timer(Timer.CONNECT)


def test_a_renewal_while_another_waits_for_its_welcome_leaves_no_socket_behind() -> None:
    agent = a_renewing_agent(a_connected_agent())

    agent.take(ev.SessionOpened(lifetime_s=3600))

    assert agent.of(ef.CloseSocket) == [ef.CloseSocket(1), ef.CloseSocket(2)]
    assert agent.of(ef.OpenSocket) == [ef.OpenSocket(3)]


def test_a_socket_that_took_over_is_no_reason_to_speak_earlier() -> None:
    agent = a_connected_agent()
    look(agent)
    acknowledge(agent, 1)
    agent.now_s += 200
    a_renewing_agent(agent)
    agent.take(ev.SocketOpened(socket=2))

    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=540))

    assert not agent.of(ef.Observe)
    assert agent.timer(Timer.HEARTBEAT).high_s == 340


def test_a_socket_that_took_over_tells_what_was_not_acknowledged() -> None:
    agent = a_connected_jump()
    look(agent, seen("a"))
    a_renewing_agent(agent)
    agent.take(ev.SocketOpened(socket=2))

    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=45))

    assert agent.of(ef.Observe)


def test_a_failed_renewal_keeps_the_socket_and_tries_again() -> None:
    agent = a_connected_agent()
    agent.fire(Timer.RENEW)

    agent.take(ev.SessionFailed(status=None, reason=NO_ANSWER))

    assert not agent.of(ef.CloseSocket)
    assert agent.state.link.socket is Socket.UP
    assert agent.fire(Timer.RENEW) == [ef.OpenSession()]


def test_a_socket_without_welcome_is_left_behind_when_the_next_try_is_due() -> None:
    agent = a_started_agent()
    agent.take(ev.SessionOpened(lifetime_s=3600))

    agent.fire(Timer.CONNECT)

    assert agent.of(ef.CloseSocket) == [ef.CloseSocket(1)]
    assert agent.of(ef.OpenSocket) == [ef.OpenSocket(2)]
    agent.timer(Timer.CONNECT)


def test_a_welcome_for_a_session_that_ended_meanwhile_leaves_the_next_one_due() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))
    agent.apply(a_bundle(5))
    agent.take(ev.SessionOpened(lifetime_s=3600))
    agent.take(ev.SocketOpened(socket=1))
    agent.take(ev.PostFailed(frame=HEARTBEAT, status=401, reason=NO_ANSWER))

    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=30))

    assert ef.CancelTimer(Timer.CONNECT) not in agent.effects
    assert ef.OpenSession() in agent.fire(Timer.CONNECT)


def test_a_call_for_a_session_that_hangs_is_waited_for_and_followed_at_once() -> None:
    agent = a_started_agent()

    agent.fire(Timer.CONNECT)

    assert not agent.of(ef.OpenSession)
    assert agent.timer(Timer.CONNECT).high_s == 1


def test_a_socket_that_leaves_a_heartbeat_unanswered_is_given_up() -> None:
    agent = a_connected_agent()
    agent.take(ev.Observed(host=HOST, seen=()))

    agent.fire(Timer.ACK)

    assert agent.of(ef.CloseSocket) == [ef.CloseSocket(1)]
