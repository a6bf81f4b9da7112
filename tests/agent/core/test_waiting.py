"""Coming back after an outage: how soon at the latest, and in what order many come."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Session, Socket, State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.core.waiting import MOST_TOLD_S, MOST_TOLD_SPREAD_S
from chalicelib.wire.frames import Bye
from scripts.bench.returning import ADMITTED_A_SECOND, WELCOME, ControlPlane, Simulation, Way, most_in_a_second

HOUR_S = 3600.0
LOST_AT_S = 100.0
shares = st.lists(st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0), min_size=1, max_size=12)


def bound_s(outage_s: float) -> float:
    """After which an outage has to be over for an agent."""
    return min(60.0, 5.0 + outage_s / 4)


def drawn_from(turns: list[float]) -> Callable[[float, float], float]:
    """Draws at these places of each range, over and over."""
    count = 0

    def uniform(low: float, high: float) -> float:
        nonlocal count
        count += 1
        return low + (high - low) * turns[count % len(turns)]

    return uniform


@given(
    over_after_try=st.integers(0, 60),
    noticed_after_s=st.floats(0.0, 60.0),
    lost_at_s=st.floats(0.0, HOUR_S - 600),
    way=st.sampled_from(Way),
    hangs_s=st.floats(0.0, 30.0),
    turns=shares,
)
@example(over_after_try=3, noticed_after_s=0.0, lost_at_s=0.0, way=Way.DROPS, hangs_s=16.0, turns=[1.0])
@example(over_after_try=0, noticed_after_s=0.0, lost_at_s=0.0, way=Way.SILENT, hangs_s=0.0, turns=[1.0])
@example(over_after_try=60, noticed_after_s=0.0, lost_at_s=HOUR_S - 600, way=Way.DROPS, hangs_s=30.0, turns=[1.0])
def test_an_outage_is_over_for_an_agent_in_a_bounded_share_of_it(
    over_after_try: int, noticed_after_s: float, lost_at_s: float, way: Way, hangs_s: float, turns: list[float]
) -> None:
    """At the worst moment: just after a try that met nobody."""
    plane = ControlPlane(lost_at_s, math.inf, way, hangs_s)
    simulation = Simulation(plane, 1, drawn_from(turns))
    simulation.lose_all(lost_at_s + noticed_after_s)
    (agent,) = simulation.agents
    simulation.run_until(lambda: len(agent.tries) > over_after_try)

    plane.back_at_s = agent.tries[-1] + 0.001
    simulation.run_until(lambda: agent.is_up)

    assert agent.welcomed_at_s is not None
    assert agent.welcomed_at_s - plane.back_at_s <= bound_s(plane.back_at_s - plane.away_at_s)


@pytest.mark.parametrize("outage_s", [1.0, 4.0, 40.0, HOUR_S])
def test_whenever_an_outage_begins_and_ends_it_is_over_in_time(outage_s: float) -> None:
    plane = ControlPlane(LOST_AT_S, LOST_AT_S + outage_s, Way.DROPS)
    simulation = Simulation(plane, 50)

    simulation.lose_all(LOST_AT_S)
    simulation.run_until_back(most_s=LOST_AT_S + outage_s + bound_s(outage_s))


@pytest.mark.parametrize("outage_s", [0.0, 2.0, 5.0, 40.0])
def test_a_thousand_that_lost_their_sockets_at_one_moment_are_all_admitted(outage_s: float) -> None:
    plane = ControlPlane(LOST_AT_S, LOST_AT_S + outage_s)
    simulation = Simulation(plane, 1_000)

    simulation.lose_all(LOST_AT_S)
    simulation.run_until_back(most_s=LOST_AT_S + outage_s + 60)

    assert most_in_a_second(plane.opens) <= ADMITTED_A_SECOND
    assert plane.refused == 0


def test_more_than_are_admitted_come_as_they_are_told_to() -> None:
    plane = ControlPlane(LOST_AT_S, LOST_AT_S, admitted=50)
    simulation = Simulation(plane, 1_000)

    simulation.lose_all(LOST_AT_S)
    simulation.run_until_back(most_s=LOST_AT_S + 60)

    assert plane.refused > 0


@pytest.mark.parametrize("told_s", [1, 20])
def test_whom_the_server_tells_when_to_come_back_come_no_sooner_and_one_after_the_other(told_s: int) -> None:
    plane = ControlPlane(LOST_AT_S, LOST_AT_S)
    simulation = Simulation(plane, 500)

    simulation.lose_all(LOST_AT_S, Bye(reason="session_ended", retry_in_s=told_s))
    simulation.run_until_back(most_s=LOST_AT_S + 200)

    begun = [agent.tries[0] - LOST_AT_S for agent in simulation.agents]
    assert min(begun) >= told_s
    assert max(begun) - min(begun) >= told_s


@pytest.mark.parametrize("told_s", [30.0, 1e9])
def test_an_answer_that_says_when_to_come_again_is_heeded_within_bounds(told_s: float) -> None:
    plane = ControlPlane(LOST_AT_S, LOST_AT_S, admitted=0, retry_after_s=told_s)
    simulation = Simulation(plane, 1)

    simulation.lose_all(LOST_AT_S)
    with pytest.raises(TimeoutError):
        simulation.run_until_back(most_s=LOST_AT_S + 4_000)

    first, second, *_ = plane.opens
    least_s = min(told_s, MOST_TOLD_S)
    assert least_s <= second - first - 0.1 <= least_s + MOST_TOLD_SPREAD_S + 5


@dataclass
class Stirred:
    """An agent to which anything may happen that can. `timers`: those that run; `calls`: for a session."""

    state: State = field(default_factory=lambda: initial("net_1", "dyn_1", "instance"))
    timers: set[Timer] = field(default_factory=set)
    calls: int = 0
    now_s: float = 0.0

    def take(self, event: ev.Event) -> None:
        self.now_s += 1.0
        self.state, effects = step(self.state, replace(event, at_s=self.now_s))
        for effect in effects:
            match effect:
                case ef.SetTimer(timer):
                    self.timers.add(timer)
                case ef.CancelTimer(timer):
                    self.timers.discard(timer)
                case ef.OpenSession():
                    self.calls += 1

    def stir(self, what: str) -> None:
        socket = self.state.link.number
        match what:
            case "connect" | "renew" | "ack" if Timer(what) in self.timers:
                self.timers.remove(Timer(what))
                self.take(ev.TimerFired(timer=Timer(what)))
            case "session opened" if self.calls:
                self.calls -= 1
                self.take(ev.SessionOpened(lifetime_s=3600))
            case "session failed" if self.calls:
                self.calls -= 1
                self.take(ev.SessionFailed(status=503, reason="", retry_after_s=self.now_s % 3))
            case "socket opened":
                self.take(ev.SocketOpened(socket=socket))
            case "welcomed":
                self.take(ev.FrameReceived(socket=socket, frame=WELCOME))
            case "closed" | "refused":
                self.take(ev.SocketClosed(socket=socket, status=401 if what == "refused" else None, reason=""))
            case "unauthorized":
                self.take(ev.FetchFailed(status=401, reason=""))
            case "bye":
                self.take(ev.FrameReceived(socket=socket, frame=Bye(reason="session_ended", retry_in_s=5)))

    @property
    def is_on_its_way(self) -> bool:
        """Connected, or something is due that leads there."""
        link = self.state.link
        is_connected = link.session is Session.OPEN and link.socket is Socket.UP
        return is_connected or Timer.CONNECT in self.timers or self.calls > 0


HAPPENS = ("connect", "renew", "ack", "session opened", "session failed", "socket opened", "welcomed", "closed")
ENDS = ("refused", "unauthorized", "bye")


@given(st.lists(st.sampled_from((*HAPPENS, *ENDS)), max_size=60))
def test_whatever_happens_an_agent_that_is_not_connected_is_on_its_way(happening: list[str]) -> None:
    agent = Stirred()
    agent.take(ev.Started(saved=None))

    for what in happening:
        agent.stir(what)
        assert agent.is_on_its_way, what
