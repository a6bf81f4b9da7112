"""Trials in any order of calls, work on the host and outages."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from agent.bundle.received import TrialBundle, Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.step import initial
from agent.core.timers import Timer
from tests.agent.builders import NETWORK_ID, PEER_ID, fetched
from tests.agent.core.trial_agents import BAD, GOOD, MADE, WINDOW_S, Agent, an_agent_on_trial


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
