"""Performs the core's jobs: work on the host one after the other, and calls the same beside it.

If packets to the control plane are dropped, a call hangs for its whole time-out. A rollback, a healing or
a move must not wait for that, so calls have a thread of their own, and so have probes, which are asked
just when other calls hang. The core has at most one call of a kind under way, so the queues stay short.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from agent.core import effects as ef
from agent.core import events as ev
from agent.errors import BundleRefused, KeyRefused, Outage, StateUnusable, ToolFailed
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import HostJobs
from agent.run.lines import Line

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Worker:
    """`emit` takes what came of each job that was put. What goes wrong is the failure that the job itself names."""

    calls: ControlPlaneJobs
    host: HostJobs
    emit: Callable[[ev.Event], None]
    _host_line: Line = field(init=False)
    _calls_line: Line = field(init=False)
    _probes_line: Line = field(init=False)

    def __post_init__(self) -> None:
        self._host_line = Line("host", self._do)
        self._calls_line = Line("calls", self._do)
        self._probes_line = Line("probes", self._do)

    def start(self) -> None:
        for line in (self._host_line, self._calls_line, self._probes_line):
            line.start()

    def put(self, job: ef.Job) -> None:
        self._line(job).jobs.put(job)

    def perform(self, job: ef.Job) -> ev.Event:
        asked_at_s = monotonic()
        outcome = self._outcome(job)
        return replace(outcome, asked_at_s=asked_at_s, at_s=monotonic())

    def _line(self, job: ef.Job) -> Line:
        if isinstance(job, ef.Probe):
            return self._probes_line
        return self._calls_line if isinstance(job, ef.Call) else self._host_line

    def _do(self, job: ef.Job) -> None:
        try:
            event = self.perform(job)
        except Exception:  # the outermost loop of the thread: the agent must go on
            logger.exception("job_crashed", extra={"job": type(job).__name__})
            failed = job.failed(ef.Failure("internal error: the log has more of it"))
            event = replace(failed, at_s=monotonic())
        self.emit(event)

    def _outcome(self, job: ef.Job) -> ev.Event:
        try:
            return self.calls.perform(job) if isinstance(job, ef.Call) else self.host.perform(job)
        except Outage as outage:
            return job.failed(ef.Failure(outage.reason, outage.status, outage.retry_after_s))
        except BundleRefused as refused:
            return job.failed(ef.Failure(str(refused), is_refused=True))
        except KeyRefused:
            return ev.KeyRefused()
        except (ToolFailed, StateUnusable) as failed:
            return job.failed(ef.Failure(str(failed)))
