"""A bundle on trial: proved by an answer, rolled back by silence, blamed only by silence, an answer and silence."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.bundle.received import Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import NEVER
from agent.core.timers import Timer
from agent.core.trials import AGAIN_S
from chalicelib.wire.frames import ConfigChanged
from tests.agent.builders import NETWORK_ID, fetched
from tests.agent.core.trial_agents import (
    BAD,
    GOOD,
    NEWER,
    REPORT,
    WINDOW_S,
    Agent,
    an_agent_on_trial,
    an_agent_that_blamed,
    an_agent_that_looks_again,
    an_agent_that_rolled_back,
)


def test_a_bundle_on_trial_is_asked_for_at_once_and_neither_reported_nor_kept_before_the_answer() -> None:
    agent = an_agent_on_trial()
    before = (agent.of(ef.Probe), agent.reports(), agent.saved())

    agent.probe(is_answered=True)

    assert before == ([ef.Probe()], [], [])
    assert [(report.revision, report.ok) for report in agent.reports()] == [(6, True)]
    assert agent.saved() == [fetched(BAD)]


def test_a_refusal_that_is_not_told_is_told_again_after_a_wait() -> None:
    agent = an_agent_that_blamed()
    (post,) = agent.of(ef.Post)

    agent.take(ev.PostFailed(frame=post.frame, status=None, reason="r", at_s=agent.now_s))
    assert agent.of(ef.Post) == []
    agent.take(ev.TimerFired(timer=Timer.REPORT, at_s=agent.now_s))
    assert agent.of(ef.Post) == [post]
    agent.take(ev.Posted(frame=post.frame, ack=None, at_s=agent.now_s))

    assert agent.take(ev.TimerFired(timer=Timer.REPORT, at_s=agent.now_s)).of(ef.Post) == []


@pytest.mark.parametrize(
    "answer",
    [
        ev.Posted(frame=REPORT, ack=None),
        ev.PostFailed(frame=REPORT, status=503, reason="r"),
        ev.SessionOpened(lifetime_s=60),
        ev.SessionFailed(status=401, reason="r"),
        ev.FetchFailed(status=500, reason="r"),
        ev.BundleUnchanged(),
        ev.Probed(is_answered=True),
    ],
)
def test_any_answer_proves_a_bundle_and_keeps_it(answer: ev.Event) -> None:
    agent = an_agent_on_trial()

    agent.take(replace(answer, at_s=agent.now_s))

    assert agent.saved() == [fetched(BAD)]
    assert agent.state.following.trial is None
    assert agent.silence(10 * WINDOW_S).of(ef.RollBack) == []


@pytest.mark.parametrize(
    "silence",
    [
        ev.PostFailed(frame=REPORT, status=None, reason="r"),
        ev.SessionFailed(status=None, reason="r"),
        ev.FetchFailed(status=None, reason="r"),
        ev.FrameReceived(socket=1, frame=ConfigChanged(network_id=NETWORK_ID, generation=0, revision=6)),
        ev.SocketClosed(socket=1, status=None, reason="r"),
    ],
)
def test_silence_and_what_a_socket_still_brings_prove_nothing(silence: ev.Event) -> None:
    agent = an_agent_on_trial()

    agent.take(replace(silence, at_s=agent.now_s))

    assert agent.saved() == []
    assert agent.state.following.trial is not None


@pytest.mark.parametrize(("seconds", "is_rolled_back"), [(WINDOW_S - 0.1, False), (WINDOW_S, True)])
def test_a_window_of_silence_rolls_a_bundle_back_to_the_good_one(seconds: float, is_rolled_back: bool) -> None:
    agent = an_agent_on_trial().silence(seconds)

    expected = [ef.RollBack(fetched(BAD), good=fetched(GOOD))] if is_rolled_back else []
    assert agent.of(ef.RollBack) == expected


def test_time_without_a_default_route_rolls_nothing_back() -> None:
    agent = an_agent_on_trial().silence(WINDOW_S / 2).silence(1, has_route=False).silence(10 * WINDOW_S)

    assert agent.of(ef.RollBack) == []
    assert agent.take(ev.TimerFired(timer=Timer.PROBE, at_s=agent.now_s)).of(ef.SetTimer)


def test_a_rollback_waits_for_no_call() -> None:
    agent = an_agent_on_trial()
    agent.now_s += WINDOW_S

    assert agent.see_route().of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]


def test_one_probe_at_a_time_is_under_way() -> None:
    agent = an_agent_on_trial()

    first = agent.of(ef.Probe)
    again = agent.take(ev.TimerFired(timer=Timer.PROBE, at_s=agent.now_s)).of(ef.Probe)
    agent.take(ev.Probed(is_answered=False, at_s=agent.now_s))

    assert (first, again) == ([ef.Probe()], [])
    assert agent.take(ev.TimerFired(timer=Timer.PROBE, at_s=agent.now_s)).of(ef.Probe) == [ef.Probe()]


@pytest.mark.parametrize(("asked_after_s", "is_proved"), [(-0.1, False), (0.0, True)])
def test_what_was_asked_before_the_host_was_made_so_proves_nothing(asked_after_s: float, is_proved: bool) -> None:
    agent = an_agent_on_trial()
    began_s = agent.now_s
    agent.now_s += 10.0

    agent.take(ev.Posted(frame=REPORT, ack=None, at_s=agent.now_s, asked_at_s=began_s + asked_after_s))

    assert agent.saved() == ([fetched(BAD)] if is_proved else [])


@pytest.mark.parametrize(("asked_after_s", "is_looked_at_again"), [(-0.1, False), (0.0, True)])
def test_what_was_asked_before_the_rollback_tells_nothing_of_the_host_without_the_bundle(
    asked_after_s: float, is_looked_at_again: bool
) -> None:
    agent = an_agent_that_rolled_back()
    back_s = agent.now_s
    agent.now_s += 1.0

    agent.probe(is_answered=True, asked_at_s=back_s + asked_after_s)

    assert agent.of(ef.Try) == ([ef.Try(fetched(BAD), good=fetched(GOOD))] if is_looked_at_again else [])
    assert (agent.saved(), agent.of(ef.Refuse)) == ([], [])


def test_a_bundle_that_stays_silent_a_second_time_is_blamed_reported_and_refused() -> None:
    agent = an_agent_that_rolled_back()
    assert agent.of(ef.Probe) == [ef.Probe()]

    agent.probe(is_answered=True)
    assert agent.of(ef.Try) == [ef.Try(fetched(BAD), good=fetched(GOOD))]
    assert (agent.of(ef.Refuse), agent.reports()) == ([], [])
    agent.applied(BAD)
    assert agent.silence(AGAIN_S - 0.1).of(ef.RollBack) == []
    assert agent.silence(0.1).of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]
    agent.rolled_back()

    (report,) = agent.reports()
    (refused,) = agent.of(ef.Refuse)
    assert (report.revision, report.ok, report.error) == (6, False, refused.error)
    assert "rolled back" in refused.error
    assert agent.saved() == []
    assert agent.state.following.applied == Version(0, 5)
    assert agent.state.following.trial is None


@pytest.mark.parametrize("outage_s", [50.0, 70.0, 90.0, 119.0, 150.0, 400.0])
def test_an_outage_that_begins_with_a_bundle_and_ends_after_any_time_is_not_blamed_on_it(outage_s: float) -> None:
    agent = an_agent_on_trial()
    began_s, refused = agent.now_s, 0
    while not (saved := agent.saved()) and agent.now_s < began_s + 2_000:
        agent.now_s += 1.5
        agent.probe(is_answered=agent.now_s - began_s >= outage_s)
        if agent.of(ef.RollBack):
            agent.rolled_back()
        elif agent.of(ef.Try):
            agent.applied(BAD)
        refused += len(agent.of(ef.Refuse))

    assert (saved, refused) == ([fetched(BAD)], 0)


def test_an_answer_in_the_second_look_proves_a_bundle() -> None:
    agent = an_agent_that_looks_again().probe(is_answered=True)

    assert agent.saved() == [fetched(BAD)]
    assert agent.state.following.refused == NEVER


@pytest.mark.parametrize("looking", [an_agent_that_rolled_back, an_agent_that_looks_again])
def test_no_verdict_comes_without_a_call_that_had_no_answer(looking: Callable[[], Agent]) -> None:
    agent = looking()
    agent.now_s += WINDOW_S
    agent.take(ev.Probed(is_answered=False, asked_at_s=0.0, at_s=agent.now_s))  # under way since before

    undecided = [type(effect) for effect in agent.see_route().effects]
    decided = [type(effect) for effect in agent.probe().effects]

    assert not {ef.Try, ef.RollBack} & {*undecided}
    assert {ef.Try, ef.RollBack} & {*decided}


def test_a_newer_bundle_that_was_on_its_way_is_tried_in_place_of_the_one_in_doubt() -> None:
    agent = an_agent_on_trial()
    asked_at_s = agent.now_s - 1.0
    agent.hint(NEWER).silence(WINDOW_S).rolled_back()

    agent.take(ev.BundleFetched(fetched=fetched(NEWER), at_s=agent.now_s, asked_at_s=asked_at_s))
    assert agent.of(ef.Try) == [ef.Try(fetched(NEWER), good=fetched(GOOD))]
    agent.applied(NEWER).probe(is_answered=True)

    assert agent.saved() == [fetched(NEWER)]
    assert agent.state.following.refused == NEVER


def test_the_bundle_in_doubt_that_was_fetched_once_more_waits_for_the_verdict() -> None:
    agent = an_agent_on_trial()
    asked_at_s = agent.now_s - 1.0
    agent.take(ev.TimerFired(timer=Timer.FULL_FETCH, at_s=agent.now_s))
    agent.silence(WINDOW_S).rolled_back()

    agent.take(ev.BundleFetched(fetched=fetched(BAD), at_s=agent.now_s, asked_at_s=asked_at_s))

    assert agent.of(ef.Try) == []
    assert agent.probe(is_answered=True).of(ef.Try) == [ef.Try(fetched(BAD), good=fetched(GOOD))]
