"""Runs the core: takes events from one queue, keeps the timers, and has the effects performed."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import step
from agent.core.timers import Timer
from agent.ports import Push, TunnelWatcher, Watch
from chalicelib.wire.codec import encode

logger = logging.getLogger("agent")


@dataclass(slots=True)
class Runtime:
    """`show` is called with the state whenever nothing is left to do for the moment."""

    state: State
    put_job: Callable[[ef.Job], None]
    push: Push
    watch: Watch
    tunnels: TunnelWatcher
    queue: SimpleQueue[ev.Event]
    show: Callable[[State], None]
    uniform: Callable[[float, float], float] = random.uniform
    _deadlines: dict[Timer, float] = field(default_factory=dict)
    _exit: int | None = None

    def run(self) -> int:
        """Run until the core asks for the exit, and answer its code."""
        while self._exit is None:
            self._take(self._next())
            if self.queue.empty():
                self.show(self.state)
        return self._exit

    def _next(self) -> ev.Event:
        """The next event, or the timer that is due before it comes."""
        while True:
            due = min(self._deadlines, key=self._deadlines.__getitem__, default=None)
            wait_s = self._deadlines[due] - monotonic() if due is not None else None
            try:
                if wait_s is None or wait_s > 0:
                    return self.queue.get(timeout=wait_s)
                return self.queue.get_nowait()
            except Empty:
                if due is not None and self._deadlines[due] <= monotonic():
                    del self._deadlines[due]
                    return ev.TimerFired(timer=due, at_s=monotonic())

    def _take(self, event: ev.Event) -> None:
        self.state, effects = step(self.state, event)
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: ef.Effect) -> None:
        match effect:
            case ef.Observe():
                self.watch.observe(effect.every_s)
            case ef.WatchTunnels():
                self.tunnels.watch(effect.targets)
            case ef.Send():
                self.push.send(effect.socket, encode(effect.frame))
            case ef.OpenSocket():
                self.push.open(effect.socket)
            case ef.CloseSocket():
                self.push.close(effect.socket)
            case ef.SetTimer():
                self._deadlines[effect.timer] = monotonic() + self.uniform(effect.low_s, effect.high_s)
            case ef.CancelTimer():
                self._deadlines.pop(effect.timer, None)
            case ef.Log():
                logger.log(effect.level, effect.event, extra=dict(effect.fields))
            case ef.Exit():
                self._exit = effect.code
            case _:
                self.put_job(effect)
