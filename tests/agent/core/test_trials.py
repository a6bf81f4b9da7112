"""A bundle on trial: proved by an answer, rolled back by silence, blamed only by silence, an answer and silence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bundle.received import Fetched, TrialBundle, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import NEVER, State, Work
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.core.trials import AGAIN_S
from agent.host.results import ApplyResult
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Applied, ConfigChanged, Welcome
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_tombstone, fetched

WINDOW_S = 60.0
MADE = ApplyResult(is_changed=True)
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

    def hint(self, bundle: Bundle) -> "Agent":
        return self.take(self.frame(ConfigChanged(network_id=NETWORK_ID, generation=0, revision=bundle.revision)))

    def fetch(self, bundle: Bundle) -> "Agent":
        self.hint(bundle)
        return self.take(ev.BundleFetched(fetched=fetched(bundle), at_s=self.now_s))

    def try_out(self, bundle: Bundle) -> "Agent":
        """Fetched and applied, and now on trial."""
        return self.fetch(bundle).applied(bundle)

    def applied(self, bundle: Bundle) -> "Agent":
        return self.take(ev.BundleApplied(fetched=fetched(bundle), made=MADE, is_on_trial=True, at_s=self.now_s))

    def probe(self, is_answered: bool = False, has_route: bool = True, asked_at_s: float | None = None) -> "Agent":
        self.take(ev.Probed(is_answered=is_answered, asked_at_s=asked_at_s, at_s=self.now_s))
        return self.see_route(has_route, self.effects)

    def see_route(self, has_route: bool = True, before: Sequence[ef.Effect] = ()) -> "Agent":
        self.take(ev.RouteSeen(has_route=has_route, at_s=self.now_s))
        self.effects = [*before, *self.effects]
        return self

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


def an_agent_that_looks_again() -> Agent:
    """Silent with the bundle, answered without it, and now with it once more."""
    return an_agent_that_rolled_back().probe(is_answered=True).applied(BAD)


def an_agent_that_blamed() -> Agent:
    return an_agent_that_looks_again().silence(AGAIN_S).rolled_back()


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


@dataclass
class Host:
    """Performs what the core wants: on the host in order, calls beside it, each when the story says so. `reaches`:
    whether a call that ends now has its answer. `heard`: of each that fell into one state of the host, whether
    that had the bundle, and the answer."""

    agent: Agent
    has_new: bool = True
    reaches: bool = True
    work: list[ef.Effect] = field(default_factory=list)
    calls: list[tuple[float, bool, int]] = field(default_factory=list)
    changes: int = 0
    heard: list[tuple[bool, bool]] = field(default_factory=list)
    verdict: str | None = None

    def __post_init__(self) -> None:
        self.note()

    def take(self, event: ev.Event) -> None:
        self.agent.take(event)
        self.note()

    def note(self) -> None:
        for effect in self.agent.effects:
            match effect:
                case ef.Probe():
                    self.calls.append((self.agent.now_s, self.has_new, self.changes))
                case ef.Try():
                    assert self.heard
                    assert not self.heard[-1][0]  # of the host without it
                    self.work.append(effect)
                case ef.RollBack() | ef.SeeRoute():
                    self.work.append(effect)
                case ef.Save():
                    assert self.heard[-1] == (True, True)
                    self.verdict = "proved"
                case ef.Refuse():
                    self.verdict = "blamed"
                case _:
                    continue

    def look(self, after_s: float) -> None:
        self.agent.now_s += after_s
        self.take(ev.TimerFired(timer=Timer.PROBE, at_s=self.agent.now_s))
        self.see_routes()

    def see_routes(self) -> None:
        """It takes no time worth a story."""
        while self.work and isinstance(self.work[0], ef.SeeRoute):
            self.work.pop(0)
            self.take(ev.RouteSeen(has_route=True, at_s=self.agent.now_s))

    def end_work(self) -> None:
        if not self.work:
            return
        self.agent.now_s += 0.1
        job, at_s = self.work.pop(0), self.agent.now_s
        self.has_new, self.changes = isinstance(job, ef.Try), self.changes + 1
        if self.has_new:
            self.take(ev.BundleApplied(fetched=fetched(BAD), made=MADE, is_on_trial=True, at_s=at_s))
        else:
            self.take(ev.RolledBack(fetched=fetched(BAD), made=MADE, at_s=at_s))
        self.see_routes()

    def end_call(self) -> None:
        if not self.calls:
            return
        asked_at_s, had_new, change = self.calls.pop(0)
        if change == self.changes and not any(isinstance(job, ef.Try | ef.RollBack) for job in self.work):
            self.heard.append((had_new, self.reaches))
        self.take(ev.Probed(is_answered=self.reaches, asked_at_s=asked_at_s, at_s=self.agent.now_s))


HAPPENINGS = st.sampled_from(["work ends", "call ends", "look", "late look", "outage", "end of outage"])


@given(st.lists(HAPPENINGS, min_size=10, max_size=60))
def test_in_any_order_of_calls_and_work_only_silence_an_answer_and_silence_refuse_a_bundle(story: list[str]) -> None:
    """And one answer with it, asked while it stood, proves it; one call at most is under way."""
    host = Host(an_agent_on_trial())
    for happening in story:
        match happening:
            case "work ends":
                host.end_work()
            case "call ends":
                host.end_call()
            case "look":
                host.look(after_s=1.0)
            case "late look":
                host.look(after_s=WINDOW_S)
            case _:
                host.reaches = happening == "end of outage"
        assert len(host.calls) <= 1
        if host.verdict is not None:
            break

    if host.verdict == "blamed":
        assert (True, True) not in host.heard
        last = host.heard.index((False, True))
        assert (True, False) in host.heard[last:]


@given(st.lists(st.sampled_from(["answer", "silence", "no route", "crash"]), max_size=30))
def test_in_any_story_a_bundle_is_refused_only_after_an_answer_without_it_between_two_silences(
    story: list[str],
) -> None:
    """The host of the story performs each job at once; what is in force is what was made last."""
    agent, in_force, looks = an_agent_on_trial(), "new", [("new", "made")]
    for happening in story:
        before = agent.state.following
        if before.trial is None:
            break
        if happening == "crash":
            agent.state = initial(NETWORK_ID, PEER_ID, "again", WINDOW_S)
            agent.take(ev.Started(saved=fetched(GOOD), tried=TrialBundle(fetched(BAD)), at_s=agent.now_s)).applied(BAD)
            in_force, looks = "new", [("new", "made")]
            continue
        looks.append((in_force, happening))
        agent.now_s += WINDOW_S / 3
        agent.probe(is_answered=happening == "answer", has_route=happening != "no route")
        if agent.of(ef.RollBack):
            agent.rolled_back()
            in_force = "good"
        elif agent.of(ef.Try):
            agent.applied(BAD)
            in_force = "new"

    is_refused = agent.state.following.refused == Version(0, 6)
    is_proved = agent.state.following.good == fetched(BAD)
    assert is_proved == (("new", "answer") in looks)
    assert not (is_refused and is_proved)
    if is_refused:
        answered = looks.index(("good", "answer"))
        assert ("new", "silence") in looks[:answered]
        assert ("new", "silence") in looks[answered:]
