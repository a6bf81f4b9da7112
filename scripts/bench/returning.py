"""Agents on their way back: their real decisions in simulated time, against a control plane that was away or admits
only so many."""

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Socket, State
from agent.core.step import initial, step
from agent.core.timers import Timer
from chalicelib.wire.frames import Ack, Bye, Heartbeat, Hello, ToAgent, Welcome
from chalicelib.wire.peers import Host

ADMITTED_A_SECOND = 500  # new connections, and as many at once: API Gateway's default quota
ANSWER_S = 0.1
SESSION_S = 3600.0
TOO_MANY = 429
IDLE = "a proxy ended an idle socket"
HOST = Host(hostname="h", os="linux", agent_version="0")
WELCOME = Welcome(generation=0, wanted=0, heartbeat_interval_s=540)


class Way(Enum):
    """What meets a try while the control plane is away: a refusal, nothing at all for as long as the try lasts, or a
    socket that opens and stays silent."""

    REFUSES = "refuses"
    DROPS = "drops"
    SILENT = "silent"


@dataclass
class ControlPlane:
    """Away from `away_at_s` on until `back_at_s`. `hangs_s`: how long a dropped try lasts. `retry_after_s`: what those
    are told that are too many. `cuts_after_s`: a proxy before it ends sockets after so long without a frame."""

    away_at_s: float
    back_at_s: float
    way: Way = Way.REFUSES
    hangs_s: float = 15.0
    admitted: int = ADMITTED_A_SECOND
    retry_after_s: float | None = 1.0
    cuts_after_s: float = math.inf
    opens: list[float] = field(default_factory=list)
    refused: int = 0
    _taken: deque[float] = field(default_factory=deque)

    def is_away(self, at_s: float) -> bool:
        return self.away_at_s <= at_s < self.back_at_s

    def admits(self, at_s: float) -> bool:
        """Count a handshake; a second's worth is admitted."""
        self.opens.append(at_s)
        while self._taken and self._taken[0] <= at_s - 1.0:
            self._taken.popleft()
        if len(self._taken) >= self.admitted:
            self.refused += 1
            return False
        self._taken.append(at_s)
        return True


@dataclass
class Returning:
    """One agent. `welcomed_at_s`: of its newest welcome. `cuts`: when the proxy ended its sockets; `beats`: when it
    sent heartbeats."""

    number: int
    plane: ControlPlane
    later: Callable[[float, "Returning", ev.Event], None]
    uniform: Callable[[float, float], float]
    tries: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    welcomed_at_s: float | None = None
    state: State = field(init=False)
    _deadlines: dict[Timer, float] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)
    _spoken_at_s: float = 0.0

    def __post_init__(self) -> None:
        self.state = initial("net_simulated", f"dyn_{self.number}", f"instance {self.number}")

    def connect(self) -> None:
        """Begin connected, at 0, which nobody counts."""
        for event in (
            ev.Started(saved=None),
            ev.SessionOpened(lifetime_s=SESSION_S),
            ev.SocketOpened(socket=1),
            ev.FrameReceived(socket=1, frame=WELCOME),
        ):
            self.state, effects = step(self.state, event)
            for effect in effects:
                if isinstance(effect, ef.SetTimer | ef.CancelTimer):
                    self._perform(effect, 0.0)

    @property
    def is_up(self) -> bool:
        return self.state.link.socket is Socket.UP

    def take(self, event: ev.Event) -> None:
        if isinstance(event, ev.TimerFired):
            if self._deadlines.get(event.timer) != event.at_s:
                return  # it was set anew, or cancelled
            del self._deadlines[event.timer]
        if isinstance(event, ev.SocketClosed) and event.reason == IDLE:
            if event.socket not in self._open or event.at_s < self._spoken_at_s + self.plane.cuts_after_s:
                return
            self.cuts.append(event.at_s)
        self.state, effects = step(self.state, event)
        for effect in effects:
            self._perform(effect, event.at_s)

    def loses(self, at_s: float, bye: Bye | None = None) -> None:
        """Its socket ends; the server said why, or nothing."""
        number = self.state.link.number
        self._open.discard(number)
        if bye is not None:
            self.take(ev.FrameReceived(socket=number, frame=bye, at_s=at_s))
        self.take(ev.SocketClosed(socket=number, status=None, reason="closed", at_s=at_s))

    def _perform(self, effect: ef.Effect, at_s: float) -> None:
        match effect:
            case ef.SetTimer(timer, low_s, high_s):
                self._deadlines[timer] = at_s + self.uniform(low_s, high_s)
                self.later(self._deadlines[timer], self, ev.TimerFired(timer=timer, at_s=self._deadlines[timer]))
            case ef.CancelTimer(timer):
                self._deadlines.pop(timer, None)
            case ef.OpenSession():
                self._call(at_s)
            case ef.OpenSocket(number):
                self._dial(number, at_s)
            case ef.CloseSocket(number):
                self._open.discard(number)
            case ef.Send(number, Hello()) if number in self._open and self._is_answered(at_s):
                self.welcomed_at_s = at_s + ANSWER_S
                self._hear(number, WELCOME, at_s + ANSWER_S)
            case ef.Send(number, Heartbeat(seq=seq)) if number in self._open:
                self.beats.append(at_s)
                self._hear(number, Ack(seq=seq, generation=0, wanted=0, nonce="n"), at_s + ANSWER_S)
            case ef.Observe():
                self.later(at_s, self, ev.Observed(host=HOST, seen=(), at_s=at_s))
            case ef.Fetch():
                self.later(at_s + ANSWER_S, self, ev.BundleUnchanged(at_s=at_s + ANSWER_S))
            case _:
                return  # what has no part in coming back

    def _call(self, at_s: float) -> None:
        self.tries.append(at_s)
        if not self.plane.is_away(at_s):
            self.later(at_s + ANSWER_S, self, ev.SessionOpened(lifetime_s=SESSION_S, at_s=at_s + ANSWER_S))
            return
        ends_at_s = at_s if self.plane.way is Way.REFUSES else at_s + self.plane.hangs_s
        self.later(ends_at_s, self, ev.SessionFailed(status=None, reason="nobody", at_s=ends_at_s))

    def _dial(self, number: int, at_s: float) -> None:
        self.tries.append(at_s)
        if self.plane.is_away(at_s) and self.plane.way is not Way.SILENT:
            ends_at_s = at_s if self.plane.way is Way.REFUSES else at_s + self.plane.hangs_s
            self.plane.opens.append(at_s)
            self.later(ends_at_s, self, ev.SocketClosed(socket=number, status=None, reason="nobody", at_s=ends_at_s))
        elif not self.plane.admits(at_s):
            told_s = self.plane.retry_after_s
            full = ev.SocketClosed(
                socket=number, status=TOO_MANY, reason="too many", retry_after_s=told_s, at_s=at_s + ANSWER_S
            )
            self.later(full.at_s, self, full)
        else:
            self._open.add(number)
            self.later(at_s + ANSWER_S, self, ev.SocketOpened(socket=number, at_s=at_s + ANSWER_S))

    def _is_answered(self, at_s: float) -> bool:
        return self.plane.way is not Way.SILENT or not self.plane.is_away(at_s)

    def _hear(self, number: int, frame: ToAgent, at_s: float) -> None:
        self._spoken_at_s = at_s
        self.later(at_s, self, ev.FrameReceived(socket=number, frame=frame, at_s=at_s))
        if self.plane.cuts_after_s < math.inf:
            end_at_s = at_s + self.plane.cuts_after_s
            self.later(end_at_s, self, ev.SocketClosed(socket=number, status=None, reason=IDLE, at_s=end_at_s))


class Simulation:
    """Agents that are connected when it begins, in one time for all."""

    def __init__(
        self, plane: ControlPlane, agents: int, uniform: Callable[[float, float], float] | None = None
    ) -> None:
        self.plane = plane
        self._turn = itertools.count()
        self._events: list[tuple[float, int, Returning, ev.Event]] = []
        drawn = uniform or random.Random(agents).uniform
        self.agents = [Returning(number, plane, self._later, drawn) for number in range(agents)]
        for agent in self.agents:
            agent.connect()

    def run_to(self, end_s: float) -> None:
        while self._events[0][0] <= end_s:
            self._next()

    def lose_all(self, at_s: float, bye: Bye | None = None) -> None:
        """Every socket ends at one moment."""
        for agent in self.agents:
            agent.loses(at_s, bye)

    def run_until_back(self, most_s: float) -> None:
        """Until all are back; raises TimeoutError after so long."""
        left = {agent.number for agent in self.agents if not agent.is_up}
        while left:
            at_s, agent = self._next()
            if at_s > most_s:
                raise TimeoutError(f"{len(left)} agents are not back after {most_s} s")
            if agent.is_up:
                left.discard(agent.number)

    def run_until(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            self._next()

    def _next(self) -> tuple[float, Returning]:
        at_s, _, agent, event = heapq.heappop(self._events)
        agent.take(event)
        return at_s, agent

    def _later(self, at_s: float, agent: Returning, event: ev.Event) -> None:
        heapq.heappush(self._events, (at_s, next(self._turn), agent, event))


def most_in_a_second(moments: Sequence[float]) -> int:
    """The most of them in any second, wherever it begins."""
    return max(_in_the_second_before_each(sorted(moments)), default=0)


def _in_the_second_before_each(ordered: Sequence[float]) -> Iterator[int]:
    first = 0
    for last, at_s in enumerate(ordered):
        while ordered[first] <= at_s - 1.0:
            first += 1
        yield last - first + 1
