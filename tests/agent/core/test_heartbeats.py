"""When heartbeats are sent, and what they tell."""

from dataclasses import replace

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from agent.host.tunnel.live import PeerTraffic, Sighting
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import MAX_FRAME_BYTES, MOST_JUMPS, Heartbeat, Welcome
from chalicelib.wire.peers import Host
from tests.agent.builders import a_bundle, a_peer, a_public_key
from tests.agent.core.agents import (
    HOST,
    NO_ANSWER,
    Agent,
    a_connected_agent,
    a_connected_jump,
    acknowledge,
    heartbeats,
    look,
    seen,
)


def told(agent: Agent) -> list[str]:
    return [observation.peer_id for beat in heartbeats(agent) for observation in beat.observations]


def test_a_heartbeat_names_the_host_until_it_is_acknowledged_and_when_it_changes() -> None:
    agent = a_connected_agent()
    look(agent)
    assert heartbeats(agent)[0].host == HOST
    look(agent)
    assert heartbeats(agent)[0].host == HOST

    acknowledge(agent, 2)
    look(agent)
    assert heartbeats(agent)[0].host is None
    renamed = Host(hostname="new", os="Debian", agent_version="0")
    look(agent, host=renamed, is_asked=False)

    assert heartbeats(agent)[0].host == renamed


def test_heartbeats_count_and_echo_the_last_nonce() -> None:
    agent = a_connected_agent()
    look(agent)
    acknowledge(agent, 1)

    look(agent)

    (beat,) = heartbeats(agent)
    assert (beat.seq, beat.nonce, beat.revision) == (2, "n1", 5)


def test_what_a_jump_sees_goes_with_the_next_heartbeat_and_once() -> None:
    agent = a_connected_jump()
    look(agent, seen("a"), seen("b"), is_asked=False, host=HOST)
    acknowledge(agent, 1)
    look(agent, seen("b", endpoint="203.0.113.7:5"), is_asked=False)
    assert heartbeats(agent) == []

    look(agent)
    assert told(agent) == ["peer_b"]
    look(agent)
    assert told(agent) == []


def test_what_cannot_wait_is_told_at_once_with_all_the_rest() -> None:
    agent = a_connected_jump()
    look(agent)

    look(agent, seen("a"), is_asked=False)
    assert heartbeats(agent) == []
    look(agent, seen("b", is_urgent=True), is_asked=False)

    assert sorted(told(agent)) == ["peer_a", "peer_b"]


def test_an_endpoint_that_comes_back_before_the_answer_is_told_too() -> None:
    agent = a_connected_jump()
    endpoints = ("203.0.113.7:1", "203.0.113.7:2", "203.0.113.7:1")

    seen_by_server = []
    for endpoint in endpoints:
        look(agent, seen("a", endpoint=endpoint, is_urgent=True), is_asked=False)
        seen_by_server += [one.endpoint for beat in heartbeats(agent) for one in beat.observations]

    assert tuple(seen_by_server) == endpoints


def test_a_regular_agent_has_nothing_of_others_that_cannot_wait() -> None:
    agent = a_connected_agent()
    look(agent)

    look(agent, seen("hub", is_urgent=True), is_asked=False)

    assert heartbeats(agent) == []


def test_a_peer_that_shook_hands_before_its_bundle_is_reported_applied_is_told_after() -> None:
    agent = a_connected_jump(())
    look(agent)

    look(agent, seen("a", is_urgent=True), is_asked=False)
    assert told(agent) == []
    agent.apply(a_bundle(6, [a_peer("a")], forward=True))
    look(agent)

    assert told(agent) == ["peer_a"]


def test_a_peer_that_is_gone_is_not_told() -> None:
    agent = a_connected_jump(("a", "b"))
    look(agent, seen("a"), is_asked=False)

    agent.apply(a_bundle(6, [a_peer("b")], forward=True))
    look(agent)

    assert told(agent) == []


def test_what_was_not_acknowledged_is_told_again() -> None:
    agent = a_connected_jump()
    look(agent, seen("a"))
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))

    look(agent)

    (post,) = agent.of(ef.Post)
    assert isinstance(post.frame, Heartbeat)
    assert [one.peer_id for one in post.frame.observations] == ["peer_a"]


def test_what_was_lost_on_the_way_is_told_again_in_its_newest_form() -> None:
    agent = a_connected_jump()
    look(agent, seen("a", handshake_at=1000), seen("b"))
    look(agent, seen("a", handshake_at=1120), is_asked=False)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))
    look(agent)
    (post,) = agent.of(ef.Post)
    assert isinstance(post.frame, Heartbeat)

    agent.take(ev.PostFailed(frame=post.frame, status=503, reason=NO_ANSWER))
    look(agent)

    (again,) = agent.of(ef.Post)
    assert isinstance(again.frame, Heartbeat)
    assert {one.peer_id: one.handshake_at for one in again.frame.observations} == {"peer_a": 1120, "peer_b": 1000}


def test_an_answer_settles_its_own_heartbeat_alone_and_is_a_sign_of_life_for_the_others() -> None:
    agent = a_connected_jump()
    look(agent, seen("a"))
    look(agent, seen("b"))

    acknowledge(agent, 1)

    assert not agent.of(ef.CancelTimer)
    agent.timer(Timer.ACK)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))
    assert [one.public_key for one in agent.state.beats.untold.values()] == [a_public_key("b")]


@pytest.mark.parametrize(("overtaking", "is_lost"), [(256, False), (257, True)])
def test_a_heartbeat_whose_answer_many_later_ones_have_overtaken_is_lost(overtaking: int, is_lost: bool) -> None:
    agent = a_connected_jump()
    look(agent, seen("a"))

    for seq in range(2, 2 + overtaking):
        look(agent)
        acknowledge(agent, seq)
    look(agent)

    assert told(agent) == (["peer_a"] if is_lost else [])


def test_a_day_without_the_control_plane_keeps_one_sighting_of_each_peer() -> None:
    agent = a_connected_jump()
    agent.take(ev.SessionFailed(status=None, reason=NO_ANSWER))
    agent.take(ev.SocketClosed(socket=1, status=401, reason=NO_ANSWER))

    for second in range(10_000):
        look(agent, seen("a", handshake_at=second + 1, is_urgent=True), is_asked=False)

    assert [one.handshake_at for one in agent.state.beats.untold.values()] == [10_000]
    assert agent.state.beats.unacked == ()


def is_more_due(agent: Agent) -> bool:
    return any(effect.timer is Timer.HEARTBEAT and effect.high_s <= 2 for effect in agent.of(ef.SetTimer))


@pytest.mark.parametrize("count", [1, 600, 10_000])
def test_many_observations_go_in_frames_that_fit_and_a_few_at_a_time(count: int) -> None:
    """Names and addresses as long as they come."""
    agent = a_connected_jump(())
    names = {f"key{number}": f"dyn_01JDYB5Z0M1V3W8Q2R4T6X{number:06}" for number in range(count)}
    agent.state = replace(agent.state, beats=replace(agent.state.beats, peer_ids=names))
    peers = [
        Sighting(
            PeerTraffic(name, "[2001:db8:1111:2222:3333:4444:5555:6666]:51820", 1764000000.5, 10**15, 10**15),
            0.0,
            False,
        )
        for name in names
    ]

    look(agent, *peers)

    rounds = [heartbeats(agent)]
    while is_more_due(agent):
        for beat in rounds[-1]:
            acknowledge(agent, beat.seq)
        look(agent)
        rounds.append(heartbeats(agent))
    beats = [beat for sent in rounds for beat in sent]
    assert all(len(sent) <= 4 for sent in rounds)
    assert all(len(encode(beat)) <= MAX_FRAME_BYTES for beat in beats)
    assert [one.peer_id for beat in beats for one in beat.observations] == list(names.values())
    assert [beat.seq for beat in beats] == list(range(1, len(beats) + 1))
    assert [beat.host for beat in beats] == [HOST, *[None] * (len(beats) - 1)]


def test_the_servers_interval_paces_the_heartbeat() -> None:
    agent = a_connected_agent()

    agent.fire(Timer.HEARTBEAT)

    assert agent.of(ef.Observe) == [ef.Observe(every_s=5.0)]
    assert 27 <= agent.timer(Timer.HEARTBEAT).low_s < agent.timer(Timer.HEARTBEAT).high_s <= 33


def test_a_regular_agent_without_news_speaks_before_its_socket_is_idle_for_too_long() -> None:
    agent = a_connected_agent()
    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=540))

    timer = agent.timer(Timer.HEARTBEAT)

    assert [timer.low_s, timer.high_s] == pytest.approx([486, 540])


@pytest.mark.parametrize(("waited_s", "within_s"), [(0, 30), (10, 30), (20, 25), (44, 1)])
def test_a_jump_tells_of_what_it_sees_within_half_a_minute_and_at_its_interval_at_the_latest(
    waited_s: float, within_s: float
) -> None:
    agent = a_connected_jump()
    agent.receive(Welcome(generation=0, wanted=5, heartbeat_interval_s=45))
    look(agent)
    agent.now_s += waited_s

    look(agent, seen("a"), is_asked=False)
    assert agent.timer(Timer.HEARTBEAT).high_s == pytest.approx(within_s)
    look(agent, seen("b"), is_asked=False)
    assert not agent.of(ef.SetTimer)  # what came first says when


def test_a_regular_agent_is_in_no_hurry_for_what_it_sees() -> None:
    agent = a_connected_agent()
    look(agent)

    look(agent, seen("hub"), is_asked=False)

    assert not agent.of(ef.SetTimer)


def test_what_cannot_wait_goes_before_what_waits_for_room() -> None:
    names = [f"p{number}" for number in range(2_000)]
    agent = a_connected_jump([*names, "clone"])
    look(agent, *(seen(name) for name in names), is_asked=False)

    look(agent, seen("clone", is_urgent=True), is_asked=False)

    assert "peer_clone" in told(agent)


def test_more_dead_jumps_than_a_frame_may_name_are_named_as_far_as_it_may() -> None:
    agent = a_connected_agent()
    dead = {f"jmp_{number:02}": 0.0 for number in range(40)}
    agent.state = replace(agent.state, homes=replace(agent.state.homes, dead=dead))

    look(agent)

    (beat,) = heartbeats(agent)
    assert beat.unreachable == sorted(dead)[:MOST_JUMPS]
