"""A bundle on trial: proved by an answer, rolled back by silence, blamed only by both in their order."""

from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import effects as ef
from agent import events as ev
from agent.core import initial, step
from agent.ports import Made
from agent.received import Fetched, Tried, Version
from agent.state import NEVER, State, Work
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Applied, ConfigChanged, Welcome
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_tombstone, fetched

WINDOW_S = 60.0
MADE = Made(is_changed=True)
GOOD, BAD, NEWER = a_bundle(5), a_bundle(6), a_bundle(7)
REPORT = Applied(generation=0, revision=6, hash="", ok=True, ms=0)

Kind = TypeVar("Kind", bound=ef.Effect)


@dataclass
class Agent:
    """Runs GOOD, connected, unless made otherwise."""

    is_guard: bool = False
    is_first: bool = False
    now_s: float = 1000.0
    effects: list[ef.Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = initial(NETWORK_ID, PEER_ID, "instance", WINDOW_S, self.is_guard)

    def connect(self) -> "Agent":
        self.take(ev.Started(saved=None if self.is_first else fetched(GOOD), at_s=self.now_s))
        if not self.is_first:
            self.take(ev.BundleApplied(fetched=fetched(GOOD), made=MADE, at_s=self.now_s))
        self.take(ev.SessionOpened(lifetime_s=3600, at_s=self.now_s))
        self.take(ev.SocketOpened(socket=1, at_s=self.now_s))
        self.take(self.frame(Welcome(generation=0, wanted=5, heartbeat_interval_s=30)))
        return self

    def take(self, event: ev.Event) -> "Agent":
        self.state, effects = step(self.state, event)
        self.effects = list(effects)
        return self

    def frame(self, frame: ConfigChanged | Welcome) -> ev.FrameReceived:
        return ev.FrameReceived(socket=1, frame=frame, at_s=self.now_s)

    def fetch(self, bundle: Bundle) -> "Agent":
        self.take(self.frame(ConfigChanged(network_id=NETWORK_ID, generation=0, revision=bundle.revision)))
        return self.take(ev.BundleFetched(fetched=fetched(bundle), at_s=self.now_s))

    def try_out(self, bundle: Bundle) -> "Agent":
        """Fetched and applied, and now on trial."""
        return self.fetch(bundle).applied(bundle)

    def applied(self, bundle: Bundle) -> "Agent":
        return self.take(ev.BundleApplied(fetched=fetched(bundle), made=MADE, is_on_trial=True, at_s=self.now_s))

    def probe(self, is_answered: bool = False, has_route: bool = True) -> "Agent":
        return self.take(ev.Probed(is_answered=is_answered, has_route=has_route, at_s=self.now_s))

    def silence(self, seconds: float, has_route: bool = True) -> "Agent":
        self.now_s += seconds
        return self.probe(has_route=has_route)

    def rolled_back(self, bundle: Bundle = BAD) -> "Agent":
        return self.take(ev.RolledBack(fetched=fetched(bundle), made=MADE, at_s=self.now_s))

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def saved(self) -> list[Fetched]:
        return [effect.fetched for effect in self.of(ef.Save)]

    def reports(self) -> list[Applied]:
        frames = [effect.frame for effect in self.effects if isinstance(effect, ef.Send | ef.Post)]
        return [frame for frame in frames if isinstance(frame, Applied)]


def an_agent_on_trial() -> Agent:
    return Agent().connect().try_out(BAD)


def an_agent_that_rolled_back() -> Agent:
    return an_agent_on_trial().silence(WINDOW_S).rolled_back()


def test_a_bundle_on_trial_is_reported_by_rest_and_not_kept_yet() -> None:
    agent = an_agent_on_trial()

    assert [(post.frame.revision, post.frame.ok) for post in agent.of(ef.Post) if isinstance(post.frame, Applied)] == [
        (6, True)
    ]
    assert agent.saved() == []
    assert not [effect for effect in agent.of(ef.Send) if isinstance(effect.frame, Applied)]


@pytest.mark.parametrize(
    "answer",
    [
        ev.Posted(frame=REPORT, ack=None),
        ev.PostFailed(frame=REPORT, status=503, reason="r"),
        ev.SessionOpened(lifetime_s=60),
        ev.SessionFailed(status=401, reason="r"),
        ev.FetchFailed(status=500, reason="r"),
        ev.BundleUnchanged(),
        ev.Probed(is_answered=True, has_route=True),
    ],
)
def test_any_answer_proves_a_bundle_and_keeps_it(answer: ev.Event) -> None:
    agent = an_agent_on_trial().take(answer)

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
    agent = an_agent_on_trial().take(silence)

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
    assert agent.of(ef.SetTimer)


def test_an_answer_after_the_rollback_blames_the_bundle_reports_and_refuses_it() -> None:
    agent = an_agent_that_rolled_back()
    assert agent.of(ef.Probe) == [ef.Probe()]

    agent.probe(is_answered=True)

    (report,) = agent.reports()
    (refused,) = agent.of(ef.Refuse)
    assert (report.revision, report.ok, report.error) == (6, False, refused.error)
    assert "rolled back" in refused.error
    assert agent.saved() == []
    assert agent.state.following.applied == Version(0, 5)
    assert agent.state.following.trial is None


def test_a_refused_bundle_is_not_taken_again_and_a_newer_one_is() -> None:
    agent = an_agent_that_rolled_back().probe(is_answered=True)

    assert agent.fetch(BAD).of(ef.Try) == []
    assert agent.fetch(NEWER).of(ef.Try) == [ef.Try(fetched(NEWER), good=fetched(GOOD))]


def test_a_newer_bundle_clears_the_refusal_of_the_old_one() -> None:
    agent = an_agent_that_rolled_back().probe(is_answered=True)
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


def test_an_answer_that_comes_while_the_rollback_is_made_takes_it_back() -> None:
    agent = an_agent_on_trial().silence(WINDOW_S)

    agent.take(ev.Posted(frame=REPORT, ack=None, at_s=agent.now_s))
    assert agent.saved() == [fetched(BAD)]
    agent.rolled_back()

    assert agent.of(ef.Apply) == [ef.Apply(fetched(BAD))]
    assert agent.state.following.applied == Version(0, 6)


def test_a_rollback_that_the_host_refuses_is_made_again() -> None:
    agent = an_agent_on_trial().silence(WINDOW_S)

    agent.take(ev.RollBackFailed(fetched=fetched(BAD), error="ip", at_s=agent.now_s))
    agent.take(ev.TimerFired(timer=ev.Timer.PROBE, at_s=agent.now_s))

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

    agent.rolled_back().probe(is_answered=True)

    assert (agent.state.following.applied, agent.state.following.refused) == (NEVER, Version(0, 6))


def test_a_bundle_applied_long_after_the_last_answer_is_not_tried() -> None:
    agent = Agent().connect().fetch(BAD)
    agent.take(ev.ApplyFailed(fetched=fetched(BAD), error="nft", is_refused=False, at_s=agent.now_s))
    agent.now_s += 31.0

    agent.take(ev.TimerFired(timer=ev.Timer.RECONCILE, at_s=agent.now_s))

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

    agent.take(ev.Started(saved=fetched(GOOD), tried=Tried(fetched(BAD)), at_s=agent.now_s))
    assert agent.of(ef.Try) == [ef.Try(fetched(BAD), good=fetched(GOOD))]
    assert agent.of(ef.Apply) == []
    agent.applied(BAD)

    assert agent.silence(WINDOW_S).of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]


def test_what_was_rolled_back_stays_so_after_a_restart_and_is_reported_again() -> None:
    agent = Agent()

    agent.take(ev.Started(saved=fetched(GOOD), tried=Tried(fetched(BAD), "rolled back"), at_s=agent.now_s))
    assert agent.of(ef.RollBack) == [ef.RollBack(fetched(BAD), good=fetched(GOOD))]
    agent.rolled_back()
    assert (agent.state.following.applied, agent.state.following.work) == (Version(0, 5), Work.IDLE)
    agent.take(ev.SessionOpened(lifetime_s=3600, at_s=agent.now_s))

    assert [(report.revision, report.ok) for report in agent.reports()] == [(6, False)]
    assert agent.fetch(BAD).of(ef.Try) == []


@pytest.mark.parametrize("is_proved", [True, False])
def test_a_guard_goes_once_the_trial_is_over(is_proved: bool) -> None:
    agent = Agent(is_guard=True)
    agent.take(ev.Started(saved=fetched(GOOD), tried=Tried(fetched(BAD)), at_s=agent.now_s)).applied(BAD)
    if not is_proved:
        agent.silence(WINDOW_S).rolled_back()

    agent.probe(is_answered=True)
    assert ev.Timer.RELIEVED in [timer.timer for timer in agent.of(ef.SetTimer)]
    agent.take(ev.TimerFired(timer=ev.Timer.RELIEVED))

    assert agent.of(ef.Exit) == [ef.Exit(0)]


def test_a_guard_stays_as_long_as_nothing_answers() -> None:
    agent = Agent(is_guard=True)
    agent.take(ev.Started(saved=fetched(GOOD), tried=Tried(fetched(BAD)), at_s=agent.now_s)).applied(BAD)

    timers = [timer.timer for timer in agent.silence(WINDOW_S).rolled_back().silence(WINDOW_S).of(ef.SetTimer)]

    assert ev.Timer.RELIEVED not in timers


ANSWERS = st.sampled_from(["answer", "silence", "no route", "crash"])


@given(st.lists(ANSWERS, max_size=30))
def test_in_any_story_a_bundle_is_refused_only_after_silence_with_it_and_an_answer_without(story: list[str]) -> None:
    """The host of the story performs each job at once; what is in force is what was made last."""
    agent, in_force, heard_with, heard_without = an_agent_on_trial(), "new", False, False
    for happening in story:
        before = agent.state.following
        if happening == "crash":
            if before.trial is None:
                break
            agent.state = initial(NETWORK_ID, PEER_ID, "again", WINDOW_S)
            agent.take(ev.Started(saved=fetched(GOOD), tried=Tried(fetched(BAD)), at_s=agent.now_s)).applied(BAD)
            in_force = "new"
            continue
        is_answered = happening == "answer"
        if is_answered and before.trial is not None:
            heard_with, heard_without = heard_with or in_force == "new", heard_without or in_force == "good"
        agent.now_s += WINDOW_S / 3
        agent.probe(is_answered=is_answered, has_route=happening != "no route")
        if agent.of(ef.RollBack):
            agent.rolled_back()
            in_force = "good"
        elif agent.of(ef.Try):
            agent.applied(BAD)
            in_force = "new"

    is_refused = agent.state.following.refused == Version(0, 6)
    assert is_refused == (heard_without and not heard_with)
    assert (agent.state.following.good == fetched(BAD)) == heard_with
