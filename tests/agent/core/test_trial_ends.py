"""How a trial ends: the bundle is refused, acquitted or proved, and what a restart makes of it."""

import pytest

from agent.bundle.received import TrialBundle, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import NEVER, Work
from agent.core.timers import Timer
from agent.core.trials import AGAIN_S
from tests.agent.builders import a_tombstone, fetched
from tests.agent.core.trial_agents import (
    BAD,
    GOOD,
    MADE,
    NEWER,
    REPORT,
    WINDOW_S,
    Agent,
    an_agent_on_trial,
    an_agent_that_blamed,
    an_agent_that_rolled_back,
)


def test_a_refused_bundle_is_not_taken_again_and_a_newer_one_is() -> None:
    agent = an_agent_that_blamed()

    assert agent.fetch(BAD).of(ef.Try) == []
    assert agent.fetch(NEWER).of(ef.Try) == [ef.Try(fetched(NEWER), good=fetched(GOOD))]


def test_a_newer_bundle_clears_the_refusal_of_the_old_one() -> None:
    agent = an_agent_that_blamed()
    said = agent.state.following.refusal

    agent.fetch(NEWER)
    agent.take(ev.BundleApplied(fetched=fetched(NEWER), made=MADE, at_s=agent.now_s))

    assert (bool(said), agent.state.following.refusal) == (True, None)
    assert agent.saved() == [fetched(NEWER)]


@pytest.mark.parametrize(("seconds", "is_applied"), [(WINDOW_S - 0.1, False), (WINDOW_S, True)])
def test_silence_after_the_rollback_acquits_the_bundle(seconds: float, is_applied: bool) -> None:
    agent = an_agent_that_rolled_back().silence(seconds)

    assert agent.of(ef.Try) == ([ef.Try(fetched(BAD), good=fetched(GOOD))] if is_applied else [])
    assert agent.of(ef.Refuse) == []
    assert agent.reports() == []


def test_an_acquitted_bundle_is_in_force_and_tried_for_longer() -> None:
    agent = an_agent_that_rolled_back().silence(WINDOW_S).applied(BAD)

    assert agent.state.following.applied == Version(0, 6)
    assert agent.silence(4 * WINDOW_S - 0.1).of(ef.RollBack) == []
    assert agent.silence(0.1).of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]


def test_an_outage_that_ends_during_the_second_try_proves_the_bundle() -> None:
    agent = an_agent_that_rolled_back().silence(WINDOW_S).applied(BAD).probe(is_answered=True)

    assert agent.saved() == [fetched(BAD)]
    assert agent.state.following.refused == NEVER


def test_an_answer_that_comes_while_the_rollback_is_made_tells_nothing_of_either() -> None:
    agent = an_agent_on_trial().silence(WINDOW_S)

    agent.take(ev.Posted(frame=REPORT, ack=None, at_s=agent.now_s))
    assert agent.saved() == []
    agent.rolled_back()

    assert agent.of(ef.Refuse) == []
    assert agent.probe(is_answered=True).of(ef.Try) == [ef.Try(fetched(BAD), good=fetched(GOOD))]


def test_a_rollback_that_the_host_refuses_is_made_again() -> None:
    agent = an_agent_on_trial().silence(WINDOW_S)

    agent.take(ev.RollBackFailed(fetched=fetched(BAD), error="ip", at_s=agent.now_s))
    agent.take(ev.TimerFired(timer=Timer.PROBE, at_s=agent.now_s))

    assert agent.of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]


def test_a_bundle_that_the_host_took_in_part_is_on_trial_too_and_an_answer_does_not_prove_it() -> None:
    agent = Agent().connect().fetch(BAD)
    failed = ev.ApplyFailed(fetched=fetched(BAD), error="nft", is_refused=False, is_on_trial=True, at_s=agent.now_s)

    agent.take(failed)
    agent.take(ev.Posted(frame=REPORT, ack=None, at_s=agent.now_s))
    assert agent.saved() == []

    assert agent.silence(WINDOW_S).of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]


def test_the_first_bundle_of_all_is_rolled_back_to_none() -> None:
    agent = Agent(is_first=True).connect().try_out(BAD).silence(WINDOW_S)
    assert agent.of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=None)]

    agent.rolled_back().probe(is_answered=True).applied(BAD).silence(AGAIN_S).rolled_back()

    assert (agent.state.following.applied, agent.state.following.refused) == (NEVER, Version(0, 6))


def test_a_bundle_applied_long_after_the_last_answer_is_not_tried() -> None:
    agent = Agent().connect().fetch(BAD)
    agent.take(ev.ApplyFailed(fetched=fetched(BAD), error="nft", is_refused=False, at_s=agent.now_s))
    agent.now_s += 31.0

    agent.take(ev.TimerFired(timer=Timer.RECONCILE, at_s=agent.now_s))

    assert agent.of(ef.Apply) == [ef.Apply(fetched(BAD))]


def test_a_bundle_without_trial_is_kept_and_reported_at_once() -> None:
    agent = Agent().connect().fetch(BAD)

    agent.take(ev.BundleApplied(fetched=fetched(BAD), made=MADE, at_s=agent.now_s))

    assert agent.saved() == [fetched(BAD)]
    assert [report.ok for report in agent.reports()] == [True]
    assert agent.silence(10 * WINDOW_S).of(ef.RollBack) == []


def test_a_deletion_during_a_trial_takes_the_tunnel_down_and_rolls_nothing_back() -> None:
    agent = an_agent_on_trial().take(ev.Deleted(tombstone=a_tombstone()))
    assert agent.of(ef.TearDown)

    assert agent.silence(10 * WINDOW_S).effects == []


def test_a_trial_goes_on_after_a_crash() -> None:
    agent = Agent()

    agent.take(ev.Started(saved=fetched(GOOD), tried=TrialBundle(fetched(BAD)), at_s=agent.now_s))
    assert agent.of(ef.Try) == [ef.Try(fetched(BAD), good=fetched(GOOD))]
    assert agent.of(ef.Apply) == []
    agent.applied(BAD)

    assert agent.silence(WINDOW_S).of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]


def test_what_was_rolled_back_stays_so_after_a_restart_and_is_reported_again() -> None:
    agent = Agent()

    agent.take(ev.Started(saved=fetched(GOOD), tried=TrialBundle(fetched(BAD), "rolled back"), at_s=agent.now_s))
    assert agent.of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]
    agent.rolled_back()
    assert (agent.state.following.applied, agent.state.following.work) == (Version(0, 5), Work.IDLE)
    agent.take(ev.SessionOpened(lifetime_s=3600, at_s=agent.now_s))

    assert [(report.revision, report.ok) for report in agent.reports()] == [(6, False)]
    assert agent.fetch(BAD).of(ef.Try) == []


@pytest.mark.parametrize("is_proved", [True, False])
def test_a_guard_goes_once_the_trial_is_over(is_proved: bool) -> None:
    agent = Agent(is_guard=True)
    agent.take(ev.Started(saved=fetched(GOOD), tried=TrialBundle(fetched(BAD)), at_s=agent.now_s)).applied(BAD)
    if is_proved:
        agent.probe(is_answered=True)
    else:
        agent.silence(WINDOW_S).rolled_back().probe(is_answered=True).applied(BAD).silence(AGAIN_S).rolled_back()
    assert Timer.RELIEVED in [timer.timer for timer in agent.of(ef.SetTimer)]
    agent.take(ev.SessionOpened(lifetime_s=3600, at_s=agent.now_s))
    posts = agent.of(ef.Post)
    agent.take(ev.TimerFired(timer=Timer.RELIEVED))
    assert agent.of(ef.Exit) == []
    agent.take(ev.Posted(frame=posts[0].frame, ack=None, at_s=agent.now_s))
    agent.take(ev.TimerFired(timer=Timer.RELIEVED))

    assert agent.of(ef.Exit) == [ef.Exit(0)]


def test_a_guard_stays_as_long_as_nothing_answers() -> None:
    agent = Agent(is_guard=True)
    agent.take(ev.Started(saved=fetched(GOOD), tried=TrialBundle(fetched(BAD)), at_s=agent.now_s)).applied(BAD)

    timers = [timer.timer for timer in agent.silence(WINDOW_S).rolled_back().silence(WINDOW_S).of(ef.SetTimer)]

    assert Timer.RELIEVED not in timers
