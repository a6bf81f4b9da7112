"""Heartbeats while there is no socket."""

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from agent.host.results import ApplyResult
from chalicelib.wire.frames import Ack, Heartbeat
from tests.agent.core.agents import HOST, NO_ANSWER, a_connected_jump, a_started_agent, look, seen


def test_without_a_socket_one_frame_goes_at_a_time() -> None:
    names = [f"p{number}" for number in range(2_000)]
    agent = a_connected_jump(names)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))

    look(agent, *(seen(name) for name in names))

    assert len(agent.of(ef.Post)) == 1
    assert agent.timer(Timer.HEARTBEAT).high_s <= 2


def test_ten_minutes_of_what_cannot_wait_leave_one_post_under_way_while_the_control_plane_is_a_black_hole() -> None:
    agent = a_connected_jump()
    look(agent)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    posts, looks = [], 0

    for second in range(600):
        agent.now_s += 1
        look(agent, seen("a", endpoint=f"192.0.2.7:{second + 1}", handshake_at=second + 1, is_urgent=True))
        posts += agent.of(ef.Post)
        if second % 60 == 0:
            looks += len([effect for effect in agent.fire(Timer.RECONCILE) if effect == ef.Reconcile()])
            agent.take(ev.Reconciled(made=ApplyResult(is_changed=False), at_s=agent.now_s))

    assert (len(posts), looks, len(agent.state.beats.unacked)) == (1, 10, 1)
    agent.take(ev.Posted(frame=posts[0].frame, ack=Ack(seq=2, generation=0, wanted=5, nonce="n"), at_s=agent.now_s))
    (late,) = agent.of(ef.Post)
    assert isinstance(late.frame, Heartbeat)
    assert [one.endpoint for one in late.frame.observations] == ["192.0.2.7:600"]


def test_what_a_post_without_answer_told_is_told_again_with_what_came_meanwhile() -> None:
    agent = a_connected_jump()
    look(agent)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    look(agent, seen("a"))
    (post,) = agent.of(ef.Post)
    look(agent, seen("b", is_urgent=True), is_asked=False)
    assert agent.effects == []

    agent.take(ev.PostFailed(frame=post.frame, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    assert not agent.of(ef.Post)
    assert agent.timer(Timer.HEARTBEAT).high_s <= 2
    look(agent)

    (again,) = agent.of(ef.Post)
    assert isinstance(again.frame, Heartbeat)
    assert sorted(one.peer_id for one in again.frame.observations) == ["peer_a", "peer_b"]


def test_without_session_and_socket_no_heartbeat_is_tried() -> None:
    agent = a_started_agent()

    assert agent.take(ev.Observed(host=HOST, seen=())) == []
