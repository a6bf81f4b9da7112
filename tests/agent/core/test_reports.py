"""How the core reports what came of a bundle."""

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from chalicelib.wire.frames import Applied
from tests.agent.builders import a_bundle
from tests.agent.core.agents import NO_ANSWER, a_connected_agent, look


def test_how_long_an_agent_took_does_not_run_from_a_welcome_that_told_nothing_new() -> None:
    agent = a_connected_agent(5)
    agent.now_s += 70

    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.now_s += 0.03
    agent.apply(a_bundle(6))

    assert [frame.ms for frame in agent.sent() if isinstance(frame, Applied)] == [30]


def test_a_report_goes_by_rest_while_the_socket_is_down() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))
    agent.fetch(a_bundle(6))

    agent.apply(a_bundle(6))

    assert [type(post.frame) for post in agent.of(ef.Post)] == [Applied]


def test_a_report_waits_where_there_is_no_way() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.take(ev.SocketClosed(socket=1, status=401, reason=NO_ANSWER))
    agent.apply(a_bundle(6))
    assert not agent.of(ef.Post)

    agent.fire(Timer.CONNECT)
    agent.take(ev.SessionOpened(lifetime_s=3600))

    assert [type(post.frame) for post in agent.of(ef.Post)] == [Applied]


def test_a_report_waits_for_the_answer_to_the_post_before() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    look(agent)
    (beat,) = agent.of(ef.Post)
    agent.fetch(a_bundle(6))
    agent.apply(a_bundle(6))
    assert not agent.of(ef.Post)

    agent.take(ev.PostFailed(frame=beat.frame, status=None, reason=NO_ANSWER, at_s=agent.now_s))

    assert [type(post.frame) for post in agent.of(ef.Post)] == [Applied]
