"""Queues of jobs, each with a thread of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread

from agent.core import effects as ef


@dataclass(slots=True)
class Line:
    """Does jobs one after the other, in a thread of its own."""

    name: str
    do: Callable[[ef.Job], None]
    jobs: SimpleQueue[ef.Job] = field(default_factory=SimpleQueue)

    def start(self) -> None:
        Thread(target=self._work, daemon=True, name=self.name).start()

    def _work(self) -> None:
        while True:
            self.do(self.jobs.get())
