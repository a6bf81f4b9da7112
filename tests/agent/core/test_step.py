"""The core in values: what it decides when hints, answers, failures and timers arrive."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agent.bundle.received import Fetched, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.lifecycle import EXIT_PEER_DELETED
from agent.core.state import Session, Socket, State, Work
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.core.waiting import MOST_SPREAD_S
from agent.host.results import ApplyResult
from agent.host.tunnel.live import PeerTraffic, Sighting
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import (
    MAX_FRAME_BYTES,
    MOST_JUMPS,
    MOST_OWN_HANDSHAKES,
    Ack,
    Applied,
    Bye,
    ConfigChanged,
    Heartbeat,
    Hello,
    OwnHandshake,
    OwnHandshakes,
    Probe,
    ProbeReply,
    Reset,
    ToAgent,
    Welcome,
)
from chalicelib.wire.peers import Host
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_public_key, a_tombstone, fetched

MADE = ApplyResult(is_changed=True)
HOST = Host(hostname="h", os="Debian", agent_version="0")
NO_ANSWER = "no answer"
HEARTBEAT = Heartbeat(instance_id="instance", seq=1, generation=0, revision=0, hash="")

Kind = TypeVar("Kind", bound=ef.Effect)


@dataclass
class Agent:
    """The core with the effects it asked for since they were last looked at."""

    state: State = field(default_factory=lambda: initial(NETWORK_ID, PEER_ID, "instance"))
    effects: list[ef.Effect] = field(default_factory=list)
    now_s: float = 100.0

    def take(self, event: ev.Event) -> list[ef.Effect]:
        self.state, effects = step(self.state, event)
        self.effects = list(effects)
        return self.effects

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def sent(self) -> list[object]:
        return [effect.frame for effect in self.of(ef.Send)]

    def receive(self, frame: ToAgent) -> list[ef.Effect]:
        return self.take(ev.FrameReceived(socket=self.state.link.number, frame=frame, at_s=self.now_s))

    def hint(self, revision: int, generation: int = 0, within_ms: int = 0) -> list[ef.Effect]:
        hint = ConfigChanged(network_id=NETWORK_ID, generation=generation, revision=revision, within_ms=within_ms)
        return self.receive(hint)

    def fire(self, timer: Timer) -> list[ef.Effect]:
        return self.take(ev.TimerFired(timer=timer, at_s=self.now_s))

    def fetch(self, bundle: Bundle) -> list[ef.Effect]:
        return self.take(ev.BundleFetched(fetched=fetched(bundle), at_s=self.now_s))

    def apply(self, bundle: Bundle) -> list[ef.Effect]:
        return self.take(ev.BundleApplied(fetched=fetched(bundle), made=MADE, at_s=self.now_s))

    def timer(self, timer: Timer) -> ef.SetTimer:
        return next(effect for effect in self.of(ef.SetTimer) if effect.timer is timer)


def a_started_agent(saved: Fetched | None = None) -> Agent:
    agent = Agent()
    agent.take(ev.Started(saved=saved, at_s=agent.now_s))
    return agent


def a_connected_agent(revision: int = 5, bundle: Bundle | None = None) -> Agent:
    """Runs a bundle, has a session and a welcomed socket, and has nothing left to do."""
    bundle = bundle or a_bundle(revision)
    agent = a_started_agent(fetched(bundle))
    agent.apply(bundle)
    agent.take(ev.SessionOpened(lifetime_s=3600, at_s=agent.now_s))
    agent.take(ev.SocketOpened(socket=agent.state.link.number, at_s=agent.now_s))
    agent.receive(Welcome(generation=0, wanted=bundle.revision, heartbeat_interval_s=30))
    return agent


def test_the_tunnel_is_made_from_disk_before_the_session_is_asked_for() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))

    jobs = [type(effect) for effect in agent.effects if isinstance(effect, ef.Apply | ef.OpenSession)]
    assert jobs == [ef.Apply, ef.OpenSession]


def test_an_agent_without_a_bundle_fetches_it_in_full_with_its_first_session() -> None:
    agent = a_started_agent()

    agent.take(ev.SessionOpened(lifetime_s=3600))

    assert agent.of(ef.Fetch) == [ef.Fetch(since=None)]
    assert agent.of(ef.OpenSocket) == [ef.OpenSocket(1)]


def test_hello_names_what_runs() -> None:
    bundle = a_bundle(5)
    agent = a_started_agent(fetched(bundle))
    agent.apply(bundle)
    agent.take(ev.SessionOpened(lifetime_s=3600))

    agent.take(ev.SocketOpened(socket=1))

    assert agent.sent() == [Hello(instance_id="instance", generation=0, revision=5, hash=fetched(bundle).hash)]


def test_a_bundle_from_disk_is_neither_saved_nor_reported() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))
    agent.take(ev.SessionOpened(lifetime_s=3600))

    agent.apply(a_bundle(5))

    assert not agent.of(ef.Save)
    assert not agent.of(ef.Post)


def test_how_long_a_bundle_from_disk_took_runs_from_the_start() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))
    agent.now_s += 0.065

    agent.apply(a_bundle(5))

    assert [log.fields["ms"] for log in agent.of(ef.Log) if log.event == "bundle_applied"] == [65]


def test_a_hint_leads_to_fetch_apply_report_and_save() -> None:
    agent = a_connected_agent(revision=5)
    bundle = a_bundle(6)

    assert agent.hint(6) == [ef.Fetch(since=Version(0, 5))]
    agent.now_s += 0.02
    assert agent.fetch(bundle) == [ef.Try(fetched(bundle), good=fetched(a_bundle(5)))]
    agent.now_s += 0.01
    agent.apply(bundle)

    report = Applied(generation=0, revision=6, hash=fetched(bundle).hash, ok=True, ms=30)
    assert agent.sent() == [report]
    assert agent.of(ef.Save) == [ef.Save(fetched(bundle))]


def test_how_long_an_agent_took_does_not_run_from_a_welcome_that_told_nothing_new() -> None:
    agent = a_connected_agent(5)
    agent.now_s += 70

    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.now_s += 0.03
    agent.apply(a_bundle(6))

    assert [frame.ms for frame in agent.sent() if isinstance(frame, Applied)] == [30]


@pytest.mark.parametrize("revision", [4, 5])
def test_a_hint_that_is_not_newer_is_nothing(revision: int) -> None:
    agent = a_connected_agent(revision=5)

    assert agent.hint(revision) == []


def test_a_hint_of_another_network_is_nothing() -> None:
    agent = a_connected_agent(revision=5)

    assert agent.receive(ConfigChanged(network_id="net_other", generation=0, revision=9)) == []


def test_hints_that_come_while_at_work_make_one_more_fetch() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    assert agent.hint(7) == []
    assert agent.hint(8) == []
    agent.fetch(a_bundle(6))
    assert agent.hint(9) == []
    agent.apply(a_bundle(6))

    assert agent.of(ef.Fetch) == [ef.Fetch(since=Version(0, 6))]


def test_a_hint_to_many_is_fetched_for_at_a_moment_of_its_span() -> None:
    agent = a_connected_agent(revision=5)

    assert agent.hint(6, within_ms=8_000) == [ef.SetTimer(Timer.TURN, 0.0, 8.0)]
    assert agent.hint(7, within_ms=9_000) == []  # the turn stands, and is for both
    agent.fire(Timer.TURN)

    assert agent.of(ef.Fetch) == [ef.Fetch(since=Version(0, 5))]


def test_a_hint_to_few_ends_the_wait_for_a_turn() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6, within_ms=8_000)

    assert agent.hint(7) == [ef.Fetch(since=Version(0, 5))]
    agent.fetch(a_bundle(7))
    agent.apply(a_bundle(7))
    agent.fire(Timer.TURN)

    assert not agent.of(ef.Fetch)


def test_a_hint_to_many_that_comes_while_at_work_waits_for_its_turn_after_it() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))

    assert agent.hint(7, within_ms=8_000) == [ef.SetTimer(Timer.TURN, 0.0, 8.0)]
    agent.apply(a_bundle(6))
    assert not agent.of(ef.Fetch)
    agent.fire(Timer.TURN)

    assert agent.of(ef.Fetch) == [ef.Fetch(since=Version(0, 6))]


def test_a_whole_fetch_that_is_due_waits_for_no_turn() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6, within_ms=8_000)

    agent.fire(Timer.FULL_FETCH)

    assert agent.of(ef.Fetch) == [ef.Fetch(since=None)]


def test_no_span_is_longer_than_a_minute() -> None:
    agent = a_connected_agent(revision=5)

    assert agent.hint(6, within_ms=10**9) == [ef.SetTimer(Timer.TURN, 0.0, MOST_SPREAD_S)]


def test_a_fetch_that_already_holds_the_later_hints_is_the_last() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.hint(7)
    agent.fetch(a_bundle(7))

    agent.apply(a_bundle(7))

    assert not agent.of(ef.Fetch)


def test_a_higher_generation_is_newer_whatever_its_revision() -> None:
    agent = a_connected_agent(revision=5)

    agent.hint(1, generation=1)

    assert agent.of(ef.Fetch)


def test_a_lower_revision_is_refused_and_logged() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.FULL_FETCH)

    agent.fetch(a_bundle(4))

    assert not agent.of(ef.Try)
    assert [log.event for log in agent.of(ef.Log)] == ["older_bundle_refused"]
    assert agent.state.following.applied == Version(0, 5)


@pytest.mark.parametrize(("generation", "revision"), [(1, 4), (0, 6), (0, 5)])
def test_a_lower_generation_is_refused_whatever_its_revision(generation: int, revision: int) -> None:
    agent = a_connected_agent(bundle=a_bundle(5, generation=1))
    agent.fire(Timer.FULL_FETCH)

    agent.fetch(a_bundle(revision, generation=generation))

    assert not agent.of(ef.Apply)
    assert [log.event for log in agent.of(ef.Log)] == ["older_bundle_refused"]
    assert agent.state.following.applied == Version(1, 5)


def test_a_bundle_for_another_peer_is_refused() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.FULL_FETCH)

    agent.fetch(a_bundle(6, peer_id="dyn_other"))

    assert not agent.of(ef.Try)


def test_the_hourly_fetch_is_full_and_an_equal_bundle_changes_nothing() -> None:
    agent = a_connected_agent(revision=5)

    assert ef.Fetch(since=None) in agent.fire(Timer.FULL_FETCH)
    agent.fetch(a_bundle(5))

    assert not agent.of(ef.Try)
    assert agent.state.following.work is Work.IDLE


def test_the_hourly_fetch_heals_drift() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.FULL_FETCH)

    agent.fetch(a_bundle(5, [a_peer("other")]))

    assert agent.of(ef.Try)


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


def test_an_answer_that_is_not_what_was_promised_is_asked_for_again_after_a_wait() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    agent.take(ev.BundleUnchanged())

    assert not agent.of(ef.Fetch)
    agent.timer(Timer.FETCH)
    assert agent.fire(Timer.FETCH) == [ef.Fetch(since=Version(0, 5))]


@pytest.mark.parametrize("status", [None, 400, 401, 403, 404, 410, 429, 500, 503])
def test_whatever_a_fetch_fails_with_the_tunnel_stays(status: int | None) -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    agent.take(ev.FetchFailed(status=status, reason=NO_ANSWER))

    assert not agent.of(ef.TearDown)
    assert not agent.of(ef.Exit)
    assert agent.state.following.applied == Version(0, 5)


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


def test_events_of_an_earlier_socket_are_nothing() -> None:
    agent = a_connected_agent()
    agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER))
    agent.fire(Timer.CONNECT)

    assert agent.take(ev.SocketClosed(socket=1, status=None, reason=NO_ANSWER)) == []
    hint = ConfigChanged(network_id=NETWORK_ID, generation=0, revision=99)
    assert agent.take(ev.FrameReceived(socket=1, frame=hint)) == []


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


def test_a_fetch_is_asked_for_again_when_its_answer_said() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    agent.take(ev.FetchFailed(status=503, reason=NO_ANSWER, retry_after_s=3_600))

    assert (agent.timer(Timer.FETCH).low_s, agent.timer(Timer.FETCH).high_s) == (3_600, 3_661)


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


def test_a_stop_closes_the_socket_and_leaves_the_tunnel() -> None:
    agent = a_connected_agent()

    agent.take(ev.StopRequested())

    assert agent.of(ef.CloseSocket) == [ef.CloseSocket(1)]
    assert agent.of(ef.Exit) == [ef.Exit(0)]
    assert not agent.of(ef.TearDown)


def test_a_wrong_bundle_is_reported_once_and_not_asked_for_again() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))

    agent.take(ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="twice", is_refused=True, at_s=agent.now_s))

    (report,) = agent.sent()
    assert isinstance(report, Applied)
    assert (report.revision, report.ok, report.error) == (6, False, "twice")
    assert not agent.of(ef.Fetch)
    assert agent.receive(Ack(seq=1, generation=0, wanted=6, nonce="n"))[:1] != [ef.Fetch(since=Version(0, 5))]
    assert agent.hint(7) == [ef.Fetch(since=Version(0, 5))]


def test_a_wrong_bundle_that_comes_again_is_not_tried_again() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.take(ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="twice", is_refused=True))
    agent.fire(Timer.FULL_FETCH)

    agent.fetch(a_bundle(6))

    assert not agent.of(ef.Try)


def test_a_host_that_refuses_is_asked_again_and_then_reported() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    failed = ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="nft", is_refused=False, at_s=agent.now_s)

    agent.take(failed)
    assert [frame.ok for frame in agent.sent() if isinstance(frame, Applied)] == [False]
    assert agent.fire(Timer.RECONCILE) == [ef.Try(fetched(a_bundle(6)), good=fetched(a_bundle(5)))]
    agent.take(failed)
    assert agent.sent() == []
    agent.fire(Timer.RECONCILE)
    agent.apply(a_bundle(6))

    assert [frame.ok for frame in agent.sent() if isinstance(frame, Applied)] == [True]


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


def test_a_bundle_that_could_not_be_saved_is_saved_later() -> None:
    agent = a_connected_agent(revision=5)
    agent.take(ev.SaveFailed(fetched=fetched(a_bundle(5)), error="disk full"))

    assert agent.fire(Timer.SAVE) == [ef.Save(fetched(a_bundle(5)))]
    agent.take(ev.BundleSaved(fetched=fetched(a_bundle(5))))
    assert agent.fire(Timer.SAVE) == []


def test_a_look_at_the_host_waits_for_the_work_at_hand() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    agent.fetch(a_bundle(6))
    agent.fire(Timer.RECONCILE)
    assert not agent.of(ef.Reconcile)
    agent.timer(Timer.RECONCILE)
    agent.apply(a_bundle(6))

    assert agent.fire(Timer.RECONCILE) == [ef.Reconcile()]


def test_a_hint_during_a_look_at_the_host_is_fetched_after_it() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.RECONCILE)

    assert agent.hint(6) == []
    agent.take(ev.Reconciled(made=ApplyResult(is_changed=False)))

    assert agent.of(ef.Fetch)
    agent.timer(Timer.RECONCILE)


def test_a_host_that_others_changed_is_looked_at_now() -> None:
    agent = a_connected_agent(revision=5)

    assert agent.take(ev.HostChanged(at_s=agent.now_s)) == [ef.Reconcile()]


def test_a_change_by_others_while_the_agent_is_at_work_is_looked_at_right_after() -> None:
    agent = a_connected_agent(revision=5)
    agent.take(ev.HostChanged(at_s=agent.now_s))

    meanwhile = agent.take(ev.HostChanged(at_s=agent.now_s))
    agent.take(ev.Reconciled(made=MADE))
    after = agent.of(ef.Reconcile)
    agent.take(ev.Reconciled(made=ApplyResult(is_changed=False)))

    assert (meanwhile, after, agent.of(ef.Reconcile)) == ([], [ef.Reconcile()], [])


def test_a_host_that_refuses_is_tried_by_its_timer_and_not_by_what_the_tries_stir_up() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.RECONCILE)
    agent.take(ev.ReconcileFailed(error="no /dev/net/tun"))

    assert agent.take(ev.HostChanged(at_s=agent.now_s)) == []
    assert agent.fire(Timer.RECONCILE) == [ef.Reconcile()]


def test_a_host_without_a_bundle_has_nothing_to_heal() -> None:
    agent = Agent()
    agent.take(ev.Started(saved=None))

    assert agent.take(ev.HostChanged()) == []


def test_work_on_the_host_waits_for_no_fetch_and_what_that_brings_waits_for_the_work() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    assert agent.fire(Timer.RECONCILE) == [ef.Reconcile()]
    assert agent.fetch(a_bundle(6)) == []
    agent.take(ev.Reconciled(made=ApplyResult(is_changed=False)))
    assert agent.of(ef.Try) == [ef.Try(fetched(a_bundle(6)), good=fetched(a_bundle(5)))]
    agent.apply(a_bundle(6))

    assert agent.of(ef.Save) == [ef.Save(fetched(a_bundle(6)))]


def test_a_bundle_that_came_while_the_one_before_was_tried_again_is_reported_and_saved() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.take(ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="nft", is_refused=False, at_s=agent.now_s))
    agent.hint(7)
    agent.fire(Timer.RECONCILE)
    assert agent.of(ef.Try) == [ef.Try(fetched(a_bundle(6)), good=fetched(a_bundle(5)))]

    agent.apply(a_bundle(6))
    saved = agent.of(ef.Save)
    agent.fetch(a_bundle(7))
    agent.apply(a_bundle(7))

    assert [*saved, *agent.of(ef.Save)] == [ef.Save(fetched(a_bundle(6))), ef.Save(fetched(a_bundle(7)))]
    assert [(frame.revision, frame.ok) for frame in agent.sent() if isinstance(frame, Applied)] == [(7, True)]


def test_an_unresolved_endpoint_brings_the_next_look_forward() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.RECONCILE)

    agent.take(ev.Reconciled(made=ApplyResult(is_changed=True, is_unresolved=True)))

    assert agent.timer(Timer.RECONCILE).high_s < 10


def seen(
    name: str,
    endpoint: str | None = "203.0.113.7:4000",
    handshake_at: float = 1000,
    age_s: float = 0.0,
    is_urgent: bool = False,
) -> Sighting:
    traffic = PeerTraffic(public_key=a_public_key(name), endpoint=endpoint, handshake_at=handshake_at, rx=1, tx=2)
    return Sighting(seen=traffic, age_s=age_s, is_urgent=is_urgent)


def look(
    agent: Agent, *sighted: Sighting, host: Host = HOST, is_asked: bool = True, since_s: float | None = 0.0
) -> None:
    agent.take(ev.Observed(host=host, seen=sighted, since_s=since_s, is_asked=is_asked, at_s=agent.now_s))


def a_connected_jump(names: Iterable[str] = ("a", "b")) -> Agent:
    peers = [a_peer(name, [f"10.9.1.{number}/32"]) for number, name in enumerate(names)]
    return a_connected_agent(bundle=a_bundle(5, peers, forward=True))


def heartbeats(agent: Agent) -> list[Heartbeat]:
    return [frame for frame in agent.sent() if isinstance(frame, Heartbeat)]


def told(agent: Agent) -> list[str]:
    return [observation.peer_id for beat in heartbeats(agent) for observation in beat.observations]


def acknowledge(agent: Agent, seq: int) -> None:
    agent.receive(Ack(seq=seq, generation=0, wanted=5, nonce=f"n{seq}"))


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


def test_more_dead_jumps_than_a_frame_may_name_are_named_as_far_as_it_may() -> None:
    agent = a_connected_agent()
    dead = {f"jmp_{number:02}": 0.0 for number in range(40)}
    agent.state = replace(agent.state, homes=replace(agent.state.homes, dead=dead))

    look(agent)

    (beat,) = heartbeats(agent)
    assert beat.unreachable == sorted(dead)[:MOST_JUMPS]


def test_an_agent_that_learns_it_is_a_jump_looks_every_second_from_then_on() -> None:
    agent = a_connected_agent(revision=5)

    agent.apply(a_bundle(6, forward=True))
    assert agent.of(ef.Observe) == [ef.Observe(every_s=1.0)]
    agent.apply(a_bundle(7, forward=True))
    assert agent.of(ef.Observe) == []


def test_the_watch_begins_with_the_agent() -> None:
    agent = a_started_agent()

    assert agent.of(ef.Observe) == [ef.Observe(every_s=5.0)]


def test_without_session_and_socket_no_heartbeat_is_tried() -> None:
    agent = a_started_agent()

    assert agent.take(ev.Observed(host=HOST, seen=())) == []


EVENTS = st.one_of(
    st.sampled_from(Timer).map(lambda timer: ev.TimerFired(timer=timer)),
    st.integers(1, 12).map(
        lambda revision: ev.FrameReceived(
            socket=1, frame=ConfigChanged(network_id=NETWORK_ID, generation=0, revision=revision)
        )
    ),
    st.integers(1, 12).map(
        lambda wanted: ev.FrameReceived(socket=1, frame=Ack(seq=1, generation=0, wanted=wanted, nonce="n"))
    ),
    st.sampled_from([None, 401, 500]).map(lambda status: ev.FetchFailed(status=status, reason="r")),
    st.sampled_from([None, 403]).map(lambda status: ev.SocketClosed(socket=1, status=status, reason="r")),
    st.just(ev.SessionFailed(status=None, reason="r")),
    st.just(ev.SessionOpened(lifetime_s=60)),
    st.just(ev.Observed(host=HOST, seen=())),
    st.just(ev.HostChanged()),
    st.just(ev.Reconciled(made=MADE)),
)


@given(st.lists(EVENTS, max_size=40), st.integers(1, 12))
def test_after_any_trouble_the_agent_ends_with_the_newest_bundle(trouble: list[ev.Event], newest: int) -> None:
    """Any order of hints, failures and timers; then the control plane is well again."""
    agent = a_connected_agent(revision=5)
    for event in trouble:
        agent.take(event)
    server = a_bundle(max(newest, agent.state.following.wanted.revision, 5))

    for _ in range(30):  # enough: every wait ends in at most one of these rounds
        if agent.state.following.is_fetching:
            agent.fetch(server)
        if agent.state.following.work is Work.APPLYING:
            agent.apply(server)
        if agent.state.following.work is Work.RECONCILING:
            agent.take(ev.Reconciled(made=MADE))
        if agent.state.link.session is Session.OPENING:
            agent.take(ev.SessionOpened(lifetime_s=3600))
        if agent.state.link.socket is Socket.OPENING:
            agent.take(ev.SocketOpened(socket=agent.state.link.number))
            agent.receive(Welcome(generation=0, wanted=server.revision, heartbeat_interval_s=30))
        if agent.state.link.socket is Socket.UP:
            agent.receive(Ack(seq=1, generation=0, wanted=server.revision, nonce="n"))
        agent.fire(Timer.CONNECT)
        agent.fire(Timer.FETCH)

    assert agent.state.following.applied == Version(0, server.revision)
    assert agent.state.link.socket is Socket.UP


CALLS = (ef.OpenSession, ef.Post, ef.Fetch, ef.TellKeys, ef.Probe)


@given(st.lists(st.one_of(EVENTS, st.sampled_from(CALLS)), max_size=80))
def test_of_each_kind_of_call_one_at_most_is_under_way(happenings: list[ev.Event | type[ef.Call]]) -> None:
    """Whatever happens meanwhile, and whichever of them ends first."""
    agent = a_connected_agent(revision=5)
    under_way: dict[type[ef.Call], ef.Call] = {}
    for happening in happenings:
        if isinstance(happening, type):
            call = under_way.pop(happening, None)
            if call is None:
                continue
            agent.take(call.failed(ef.Failure(NO_ANSWER)))
        elif isinstance(happening, ev.FetchFailed | ev.SessionFailed | ev.SessionOpened):
            continue  # nobody asked
        else:
            agent.take(happening)
        for effect in agent.effects:
            if isinstance(effect, CALLS):
                assert type(effect) not in under_way
                under_way[type(effect)] = effect


def test_a_probe_is_answered_at_once() -> None:
    agent = a_connected_agent()

    agent.receive(Probe())

    assert agent.sent() == [ProbeReply()]


def test_a_peer_that_asks_is_made_anew_once_a_minute() -> None:
    bundle = a_bundle(5, peers=[a_peer("left", ["10.9.0.2/32"])])
    agent = a_connected_agent(bundle=bundle)
    (left,) = bundle.peers

    agent.receive(Reset(peer_id=left.peer_id))
    first = agent.of(ef.ResetPeer)
    agent.now_s += 59.0
    agent.receive(Reset(peer_id=left.peer_id))
    again = agent.of(ef.ResetPeer)
    agent.now_s += 1.0
    agent.receive(Reset(peer_id=left.peer_id))

    assert (first, again, agent.of(ef.ResetPeer)) == ([ef.ResetPeer(left.public_key)], [], first)


def test_no_more_peers_are_made_anew_at_once_than_a_host_does_soon() -> None:
    names = [f"p{number}" for number in range(100)]
    agent = a_connected_jump(names)

    made = [agent.of(ef.ResetPeer) for name in names if agent.receive(Reset(peer_id=f"peer_{name}")) is not None]
    agent.take(ev.PeerReset(error=None))
    agent.receive(Reset(peer_id="peer_p99"))

    assert sum(map(len, made)) == 32
    assert agent.of(ef.ResetPeer) == [ef.ResetPeer(a_public_key("p99"))]


def test_a_stranger_is_not_made_anew() -> None:
    agent = a_connected_agent()

    agent.receive(Reset(peer_id="dyn_stranger"))

    assert agent.effects == []


# ---- homes ----------------------------------------------------------------------------------------


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
