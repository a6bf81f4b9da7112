"""What the core does with what the control plane says."""

from agent.bundle.received import Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from chalicelib.wire.frames import Ack, Bye, ConfigChanged, Probe, ProbeReply, Welcome
from tests.agent.builders import NETWORK_ID
from tests.agent.core.agents import NO_ANSWER, a_connected_agent


def test_a_hint_of_another_network_is_nothing() -> None:
    agent = a_connected_agent(revision=5)

    assert agent.receive(ConfigChanged(network_id="net_other", generation=0, revision=9)) == []


def test_the_wanted_of_an_ack_heals_a_lost_push() -> None:
    agent = a_connected_agent(revision=5)

    agent.receive(Ack(seq=1, generation=0, wanted=6, nonce="n"))

    assert agent.of(ef.Fetch) == [ef.Fetch(since=Version(0, 5))]


def test_the_wanted_of_a_welcome_heals_what_was_missed_while_away() -> None:
    agent = a_connected_agent(revision=5)
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))
    agent.fire(Timer.CONNECT)
    agent.take(ev.SocketOpened(socket=2))

    agent.receive(Welcome(generation=0, wanted=6, heartbeat_interval_s=30))

    assert agent.of(ef.Fetch)


def test_events_of_an_earlier_socket_are_nothing() -> None:
    agent = a_connected_agent()
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))
    agent.fire(Timer.CONNECT)

    assert agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER)) == []
    hint = ConfigChanged(network_id=NETWORK_ID, generation=0, revision=99)
    assert agent.take(ev.FrameReceived(socket=1, frame=hint)) == []


def test_a_goodbye_of_a_deleted_peer_asks_for_the_proof() -> None:
    agent = a_connected_agent()

    agent.receive(Bye(reason="peer_deleted"))

    assert agent.of(ef.Fetch) == [ef.Fetch(since=None)]
    assert not agent.of(ef.TearDown)


def test_many_that_are_deleted_together_ask_for_their_proofs_in_turn() -> None:
    agent = a_connected_agent()

    agent.receive(Bye(reason="peer_deleted", retry_in_s=20))

    assert not agent.of(ef.Fetch)
    assert agent.timer(Timer.FETCH).low_s == 20
    assert agent.fire(Timer.FETCH) == [ef.Fetch(since=None)]


def test_a_goodbye_that_says_when_to_come_back_is_heeded_when_the_socket_ends() -> None:
    agent = a_connected_agent()

    agent.receive(Bye(reason="session_ended", retry_in_s=20))
    agent.take(ev.SocketClosed(socket=1, status=None, reason="closed", at_s=agent.now_s + 1))

    assert (agent.timer(Timer.CONNECT).low_s, agent.timer(Timer.CONNECT).high_s) == (19, 42)


def test_a_goodbye_of_an_ended_session_opens_another() -> None:
    agent = a_connected_agent()

    agent.receive(Bye(reason="session_ended"))

    assert agent.fire(Timer.CONNECT) == [ef.OpenSession()]


def test_a_probe_is_answered_at_once() -> None:
    agent = a_connected_agent()

    agent.receive(Probe())

    assert agent.sent() == [ProbeReply()]
