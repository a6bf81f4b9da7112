"""What leaves for DynamoDB while something is done: how many requests, and the time inside botocore."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.dynamodb.peer import PeerItem


@dataclass(frozen=True, slots=True)
class Taken:
    """Of one act. `ms`: by the clock, all of it; `own_cpu_ms`: this thread's on a processor, outside of botocore."""

    requests: int
    ms: float
    own_cpu_ms: float


class Meter:
    """Listens to the one client that all stores share; one act at a time, on one thread."""

    def __init__(self) -> None:
        events: Any = PeerItem._get_connection().connection.client.meta.events
        events.register_first("provide-client-params.dynamodb", self._enter)
        events.register_last("after-call.dynamodb", self._leave)
        events.register_last("after-call-error.dynamodb", self._leave)
        self._requests = 0
        self._entered = self._inside = 0.0

    def taken(self, act: Callable[[], object]) -> Taken:
        self._requests, self._inside = 0, 0.0
        began, began_cpu = time.perf_counter(), time.thread_time()
        act()
        cpu, wall = time.thread_time() - began_cpu, time.perf_counter() - began
        return Taken(self._requests, wall * 1000, (cpu - self._inside) * 1000)

    def _enter(self, **_: object) -> None:
        self._requests += 1
        self._entered = time.thread_time()

    def _leave(self, **_: object) -> None:
        self._inside += time.thread_time() - self._entered
