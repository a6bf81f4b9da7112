"""One agent's core in simulated time."""

import random
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.host.results import ApplyResult
from chalicelib.domain.ids import ConnectionId
from chalicelib.entrypoints import sockets
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import FromAgent
from scripts.bench.month.deployment import HOST, Deployment, Enrolled
from scripts.bench.month.in_process import BY_THE_ORIGIN

MADE = ApplyResult(is_changed=False)


@dataclass
class Life:
    """One agent's core in simulated time, on a host where nothing happens."""

    world: Deployment
    agent: Enrolled
    state: State = field(init=False)
    base: Fetched | None = None
    open_sockets: dict[int, dict[str, Any]] = field(default_factory=dict)
    connected_s: float = 0.0
    _now_s: float = 0.0
    _opened_at_s: float | None = None
    _uniform: Callable[[float, float], float] = field(default_factory=lambda: random.Random(7).uniform)
    _deadlines: dict[Timer, float] = field(default_factory=dict)
    _events: deque[ev.Event] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.state = initial(self.world.network_id, self.agent.peer_id, "bench")
        self._events.append(ev.Started(saved=None))

    def live(self, duration_s: float) -> None:
        end_s = self._now_s + duration_s
        while self._events or self._next_s() <= end_s:
            if self._events:
                self._take(self._events.popleft())
            else:
                self._wait(self._next_s())
        self._wait(end_s)

    def _next_s(self) -> float:
        failover_tasks = [
            (at - self.world.outside.clock.now()).total_seconds() for at, _ in self.world.outside.waiting.waiting
        ]
        return min([*self._deadlines.values(), *(self._now_s + max(in_s, 0.0) for in_s in failover_tasks)])

    def _wait(self, until_s: float) -> None:
        """Time passes, and what is due then happens."""
        passed_s = max(0.0, until_s - self._now_s)
        self.connected_s += passed_s * len(self.open_sockets)
        self.world.outside.stepped.advance(timedelta(seconds=passed_s))
        self._now_s = max(self._now_s, until_s)
        self.world.run_failover_tasks()
        for timer in [timer for timer, at_s in self._deadlines.items() if at_s <= self._now_s]:
            del self._deadlines[timer]
            self._events.append(ev.TimerFired(timer=timer))

    def _take(self, event: ev.Event) -> None:
        self.state, effects = step(self.state, replace(event, at_s=self._now_s))
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: ef.Effect) -> None:  # noqa: C901  one flat case a kind of effect
        match effect:
            case ef.SetTimer():
                self._deadlines[effect.timer] = self._now_s + self._uniform(effect.low_s, effect.high_s)
            case ef.CancelTimer():
                self._deadlines.pop(effect.timer, None)
            case ef.OpenSession():
                self._events.append(ev.SessionOpened(lifetime_s=self.agent.calls.open_session()))
            case ef.OpenSocket(socket=number):
                self._open(number)
            case ef.CloseSocket(socket=number):
                self._close(number)
            case ef.Send(socket=number, frame=frame):
                self._send(number, frame)
            case ef.Fetch(since=since):
                self._fetch(since is None)
            case ef.Apply() | ef.Try():
                self._events.append(ev.BundleApplied(fetched=effect.fetched, made=MADE))
            case ef.Save():
                self._events.append(ev.BundleSaved(fetched=effect.fetched))
            case ef.Observe():
                self._events.append(ev.Observed(host=HOST, seen=(), since_s=0.0))
            case ef.Reconcile():
                self._events.append(ev.Reconciled(made=MADE))
            case ef.Log() | ef.WatchTunnels():
                return
            case _:
                raise NotImplementedError(f"an idle agent does not want {type(effect).__name__}")

    def _open(self, number: int) -> None:
        headers = {**BY_THE_ORIGIN, "Authorization": f"Bearer {self.agent.calls.bearer()}"}
        handshake = {"methodArn": "arn", "headers": headers}
        context = self.world.called(sockets.authorize, handshake)["context"]
        connection_id = ConnectionId(uuid.uuid4().hex)
        event = {"requestContext": {"connectionId": connection_id, "authorizer": context}}
        self.open_sockets[number] = event
        self.world.outside.sockets.open.add(connection_id)
        self.world.called(sockets.connect, event)
        self._events.append(ev.SocketOpened(socket=number))

    def _close(self, number: int) -> None:
        event = self.open_sockets.pop(number)
        self.world.outside.sockets.open.discard(event["requestContext"]["connectionId"])
        self.world.called(sockets.disconnect, event)

    def _send(self, number: int, frame: FromAgent) -> None:
        event = self.open_sockets[number]
        self.world.tally.add(messages=1)
        sent = self.world.outside.sockets.sent.setdefault(event["requestContext"]["connectionId"], [])
        before = len(sent)
        answered = self.world.called(sockets.message, {**event, "body": encode(frame).decode()})
        assert answered == {"statusCode": 200}
        self._events += [ev.FrameReceived(socket=number, frame=answer) for answer in sent[before:]]  # type: ignore[arg-type]

    def _fetch(self, is_whole: bool) -> None:
        base = self.base
        fetched = self.agent.calls.whole(base) if is_whole or base is None else self.agent.calls.newer(base)
        self.base = fetched or base
        self._events.append(ev.BundleUnchanged() if fetched is None else ev.BundleFetched(fetched=fetched))
