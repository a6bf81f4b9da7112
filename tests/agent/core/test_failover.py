"""What the core does about jumps whose tunnel is dead."""

from msgspec import structs

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from agent.host.tunnel.live import PeerTraffic, Sighting
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Ack, Heartbeat
from tests.agent.builders import a_bundle, a_peer, a_public_key, fetched
from tests.agent.core.agents import HOST, NO_ANSWER, Agent, a_connected_agent, a_started_agent

FIRST, SECOND = "jmp_1", "jmp_2"


def a_homed_bundle(revision: int = 5, forward: bool = False) -> Bundle:
    """Two jumps, the first of which is home."""
    first = structs.replace(a_peer("first", ["10.9.0.0/24"]), peer_id=FIRST, tunnel_address="10.9.0.1")
    second = structs.replace(a_peer("second", []), peer_id=SECOND, tunnel_address="10.9.0.2")
    bundle = structs.replace(a_bundle(revision, peers=[first, second]), homes=[] if forward else [FIRST, SECOND])
    return structs.replace(bundle, firewall=structs.replace(bundle.firewall, forward=forward))


def a_homed_agent(forward: bool = False) -> Agent:
    return a_connected_agent(bundle=a_homed_bundle(forward=forward))


def lose(agent: Agent, jump_id: str = FIRST) -> list[ef.Effect]:
    return agent.take(ev.TunnelLost(jump_id=jump_id, since_s=agent.now_s - 1.0, at_s=agent.now_s))


def answer_heartbeats(agent: Agent) -> None:
    for unacked in agent.state.beats.unacked:
        agent.receive(Ack(seq=unacked.seq, generation=0, wanted=agent.state.following.applied.revision, nonce="n"))


def unreachable(agent: Agent) -> list[list[str]]:
    return [frame.unreachable for frame in agent.sent() if isinstance(frame, Heartbeat)]


def test_the_home_alone_is_watched_and_by_a_jump_all_others() -> None:
    peer, jump = Agent(), Agent()
    peer.apply(a_homed_bundle())
    jump.apply(a_homed_bundle(forward=True))

    def watched(agent: Agent) -> list[tuple[str, bool]]:
        return [(target.jump_id, target.is_home) for effect in agent.of(ef.WatchTunnels) for target in effect.targets]

    assert watched(peer) == [(FIRST, True)]
    assert watched(jump) == [(FIRST, False), (SECOND, False)]


def test_a_dead_home_is_told_at_once_and_with_every_heartbeat_until_it_lives() -> None:
    agent = a_homed_agent()

    lose(agent)
    first = unreachable(agent)
    lose(agent)
    again = unreachable(agent)
    agent.take(ev.Observed(host=HOST, seen=(), at_s=agent.now_s))
    later = unreachable(agent)
    agent.take(ev.TunnelAnswers(jump_id=FIRST, at_s=agent.now_s))

    assert (first, again, later, unreachable(agent)) == ([[FIRST]], [], [[FIRST]], [[]])


def test_while_the_control_plane_answers_the_agent_moves_nothing() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 0.1
    answer_heartbeats(agent)
    agent.now_s += 3.0

    agent.fire(Timer.ALONE)

    assert not agent.of(ef.Rehome)


def test_without_an_answer_the_agent_applies_the_rule_by_itself() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 3.0

    agent.fire(Timer.ALONE)
    moved = agent.of(ef.Rehome)
    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))

    assert moved == [ef.Rehome(frozenset({FIRST}))]
    assert [log.event for log in agent.of(ef.Log)] == ["home_moved_alone"]
    assert [target.jump_id for effect in agent.of(ef.WatchTunnels) for target in effect.targets] == [SECOND]


def test_when_all_jumps_are_dead_each_has_its_turn() -> None:
    agent = a_homed_agent()
    tried = []
    lose(agent)
    for _ in range(8):
        agent.now_s += 3.0
        agent.fire(Timer.ALONE)
        for effect in agent.of(ef.Rehome):
            tried.append(effect.dead)
            agent.take(ev.Rehomed(dead=effect.dead, error=None, at_s=agent.now_s))
        lose(agent, SECOND)

    assert tried == [{FIRST}, {SECOND}, {FIRST}, {SECOND}]


def test_while_the_control_plane_is_away_nobody_goes_back_by_itself() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 3.0
    agent.fire(Timer.ALONE)
    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))
    agent.take(ev.TunnelAnswers(jump_id=FIRST, at_s=agent.now_s))
    agent.now_s += 3.0

    agent.fire(Timer.ALONE)

    assert not agent.of(ef.Rehome)


def test_a_new_key_leaves_what_the_agent_decided_alone() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 3.0
    agent.fire(Timer.ALONE)
    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))

    agent.take(ev.KeySwitched(public_key=a_public_key("next"), error=None, at_s=agent.now_s))

    assert agent.of(ef.Rehome) == [ef.Rehome(frozenset({FIRST}))]


def test_a_newer_bundle_has_the_last_word() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 3.0
    agent.fire(Timer.ALONE)
    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))

    agent.apply(a_homed_bundle(6))

    assert agent.state.homes.moved == frozenset()
    assert [target.jump_id for effect in agent.of(ef.WatchTunnels) for target in effect.targets] == [FIRST]


def test_a_move_that_a_bundle_overtook_is_taken_back() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 3.0
    agent.fire(Timer.ALONE)
    agent.apply(a_homed_bundle(6))

    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))

    assert agent.of(ef.Rehome) == [ef.Rehome(frozenset())]


def test_a_control_plane_that_is_back_and_says_nothing_new_has_said_it() -> None:
    agent = a_homed_agent()
    lose(agent)
    agent.now_s += 3.0
    agent.fire(Timer.ALONE)
    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))
    taken_back_s: list[float] = []
    for _ in range(8):
        agent.now_s += 0.1
        answer_heartbeats(agent)
        agent.now_s += 2.9
        agent.fire(Timer.ALONE)
        taken_back_s += [agent.now_s - 103.0 for effect in agent.of(ef.Rehome) if not effect.dead]

    assert [after_s >= 10.0 for after_s in taken_back_s] == [True]

    agent.take(ev.Rehomed(dead=frozenset(), error=None, at_s=agent.now_s))

    assert [log.event for log in agent.of(ef.Log)] == ["home_as_told_again"]


def test_an_idle_agent_looks_more_often_while_the_control_plane_is_away() -> None:
    agent = a_homed_agent()

    agent.take(ev.SocketClosed(socket=agent.state.link.number, status=None, reason="cut", at_s=agent.now_s))

    assert [target.idle_s for effect in agent.of(ef.WatchTunnels) for target in effect.targets] == [2.0]


def test_a_jump_that_leaves_the_agent_unanswered_for_30_s_is_asked_to_make_it_anew_once_a_minute() -> None:
    agent = a_homed_agent()
    lose(agent)
    asked: list[float] = []
    began_s = agent.now_s - 1.0
    for _ in range(60):
        agent.now_s += 3.0
        answer_heartbeats(agent)
        agent.fire(Timer.ALONE)
        asked += [
            agent.now_s - began_s for frame in agent.sent() if isinstance(frame, Heartbeat) and frame.reset == FIRST
        ]

    assert asked == [31.0, 91.0, 151.0]


def test_what_a_jump_is_asked_for_while_a_post_has_no_answer_goes_with_the_next() -> None:
    agent = a_homed_agent()
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    lose(agent)
    (post,) = agent.of(ef.Post)
    agent.now_s += 30.0
    agent.fire(Timer.ALONE)
    assert not agent.of(ef.Post)

    agent.take(ev.Posted(frame=post.frame, ack=Ack(seq=1, generation=0, wanted=5, nonce="n"), at_s=agent.now_s))
    resets = [post.frame.reset for post in agent.of(ef.Post) if isinstance(post.frame, Heartbeat)]

    assert resets == [FIRST]


def test_of_several_moves_one_at_a_time_is_made_and_the_last_counts() -> None:
    agent = a_homed_agent(forward=True)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER, at_s=agent.now_s))
    lose(agent)
    first = [effect for effect in agent.fire(Timer.ALONE) if isinstance(effect, ef.Rehome)]
    lose(agent, SECOND)
    while_moving = [effect for effect in agent.fire(Timer.ALONE) if isinstance(effect, ef.Rehome)]

    agent.take(ev.Rehomed(dead=frozenset({FIRST}), error=None, at_s=agent.now_s))

    assert (first, while_moving) == ([ef.Rehome(frozenset({FIRST}))], [])
    assert agent.of(ef.Rehome) == [ef.Rehome(frozenset({FIRST, SECOND}))]


def test_a_dead_jump_that_shakes_hands_again_is_told_as_alive() -> None:
    agent = a_homed_agent()
    lose(agent)
    key = a_homed_bundle().peers[0].public_key
    agent.now_s += 60.0

    def shakes(age_s: float) -> list[list[str]]:
        seen = Sighting(seen=PeerTraffic(key, None, 1, 0, 0), age_s=age_s, is_urgent=False)
        agent.take(ev.Observed(host=HOST, seen=[seen], since_s=None, is_asked=False, at_s=agent.now_s))
        return unreachable(agent)[-1:]

    assert shakes(61.0) != [[]]  # before it was found dead
    assert shakes(5.0) == [[]]


def test_without_session_and_socket_a_dead_home_is_left_at_once() -> None:
    agent = a_started_agent(fetched(a_homed_bundle()))
    agent.apply(a_homed_bundle())

    lose(agent)

    assert agent.sent() == []
    assert agent.timer(Timer.ALONE) == ef.SetTimer(Timer.ALONE, 1.0, 1.0)
