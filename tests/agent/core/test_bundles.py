"""When the core fetches a bundle, and what it does with it."""

import pytest

from agent.bundle.received import Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Work
from agent.core.timers import Timer
from agent.core.waiting import MOST_SPREAD_S
from agent.host.results import ApplyResult
from chalicelib.wire.frames import Applied
from tests.agent.builders import a_bundle, a_peer, fetched
from tests.agent.core.agents import NO_ANSWER, a_connected_agent, a_started_agent


def test_an_agent_without_a_bundle_fetches_it_in_full_with_its_first_session() -> None:
    agent = a_started_agent()

    agent.take(ev.SessionOpened(lifetime_s=3600))

    assert agent.of(ef.Fetch) == [ef.Fetch(since=None)]
    assert agent.of(ef.OpenSocket) == [ef.OpenSocket(1)]


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


@pytest.mark.parametrize("revision", [4, 5])
def test_a_hint_that_is_not_newer_is_nothing(revision: int) -> None:
    agent = a_connected_agent(revision=5)

    assert agent.hint(revision) == []


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


def test_a_fetch_is_asked_for_again_when_its_answer_said() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    agent.take(ev.FetchFailed(status=503, reason=NO_ANSWER, retry_after_s=3_600))

    assert (agent.timer(Timer.FETCH).low_s, agent.timer(Timer.FETCH).high_s) == (3_600, 3_661)


def test_a_hint_during_a_look_at_the_host_is_fetched_after_it() -> None:
    agent = a_connected_agent(revision=5)
    agent.fire(Timer.RECONCILE)

    assert agent.hint(6) == []
    agent.take(ev.Reconciled(made=ApplyResult(is_changed=False)))

    assert agent.of(ef.Fetch)
    agent.timer(Timer.RECONCILE)


def test_work_on_the_host_waits_for_no_fetch_and_what_that_brings_waits_for_the_work() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)

    assert agent.fire(Timer.RECONCILE) == [ef.Reconcile()]
    assert agent.fetch(a_bundle(6)) == []
    agent.take(ev.Reconciled(made=ApplyResult(is_changed=False)))
    assert agent.of(ef.Try) == [ef.Try(fetched(a_bundle(6)), good=fetched(a_bundle(5)))]
    agent.apply(a_bundle(6))

    assert agent.of(ef.Save) == [ef.Save(fetched(a_bundle(6)))]
