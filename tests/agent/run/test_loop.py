"""The loop: events in, effects out, timers in their order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial
from agent.host.tunnel.liveness import Target
from agent.run.loop import Runtime
from tests.agent.builders import NETWORK_ID, PEER_ID


@dataclass
class FakeWatch:
    paces_s: list[float] = field(default_factory=list)

    def observe(self, every_s: float) -> None:
        self.paces_s.append(every_s)


@dataclass
class FakeTunnels:
    targets: list[Sequence[Target]] = field(default_factory=list)

    def watch(self, targets: Sequence[Target]) -> None:
        self.targets.append(targets)


@dataclass
class FakePush:
    opened: list[int] = field(default_factory=list)

    def open(self, socket: int) -> None:
        self.opened.append(socket)

    def send(self, socket: int, frame: bytes) -> None: ...

    def close(self, socket: int) -> None: ...


def a_runtime(jobs: list[ef.Job], shown: list[State]) -> Runtime:
    return Runtime(
        state=initial(NETWORK_ID, PEER_ID, "i"),
        put_job=jobs.append,
        push=FakePush(),
        watch=FakeWatch(),
        tunnels=FakeTunnels(),
        queue=SimpleQueue(),
        show=shown.append,
        uniform=lambda low_s, high_s: low_s,
    )


def test_the_loop_ends_with_the_code_the_core_names() -> None:
    jobs: list[ef.Job] = []
    shown: list[State] = []
    runtime = a_runtime(jobs, shown)
    runtime.queue.put(ev.Started(saved=None))
    runtime.queue.put(ev.StopRequested())

    assert runtime.run() == 0
    assert jobs == [ef.OpenSession()]
    assert shown == [runtime.state]


def test_a_timer_fires_when_it_is_due() -> None:
    jobs: list[ef.Job] = []
    runtime = a_runtime(jobs, [])

    def stopping(job: ef.Job) -> None:
        jobs.append(job)
        if len(jobs) == 2:
            runtime.queue.put(ev.StopRequested())

    runtime.put_job = stopping
    runtime.queue.put(ev.Started(saved=None))
    runtime.queue.put(ev.SessionFailed(status=None, reason="r"))  # waits 0 s by the drawn jitter

    runtime.run()

    assert jobs == [ef.OpenSession(), ef.OpenSession()]
