"""Who runs an enrolment: the agent, or the guard of a trial in the place of one that ended or hangs."""

import contextlib
import logging
import os
import signal
from dataclasses import dataclass
from time import monotonic, sleep

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.processes import command_line
from agent.errors import AlreadyRunning

POLL_S = 2.0
STUCK_AFTER_S = 180.0  # an agent takes up a job every minute at least, and none takes that long
GUARD_ENDS_WITHIN_S = 5.0
LOOK_AGAIN = signal.SIGUSR1  # whether the tunnel is to be up or down

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Takeover:
    directory: EnrollmentDir
    stuck_after_s: float = STUCK_AFTER_S

    def by_agent(self) -> None:
        """Claim the enrolment; a guard that stands in gives way, and its trial goes on here.

        Raises:
            AlreadyRunning: another agent has it.
        """
        try:
            self.directory.lock.claim()
            return
        except AlreadyRunning:
            guard = self._holder("guard")
            if guard is None:
                raise
        _send(guard, signal.SIGTERM)
        deadline = monotonic() + GUARD_ENDS_WITHIN_S
        while True:
            try:
                self.directory.lock.claim()
                return
            except AlreadyRunning:
                if monotonic() > deadline:
                    raise
                sleep(0.05)

    def by_guard(self) -> bool:
        """Wait until the agent has ended, and end one that hangs; False: the trial is over meanwhile."""
        fed, fed_at_s = self._last_fed(), monotonic()
        while self.directory.has_open_trial():
            with contextlib.suppress(AlreadyRunning):
                self.directory.lock.claim()
                return True
            if (last := self._last_fed()) != fed:
                fed, fed_at_s = last, monotonic()
            agent = self._holder("run")
            if monotonic() - fed_at_s > self.stuck_after_s and agent is not None:
                logger.error("agent_hangs", extra={"pid": agent})
                _send(agent, signal.SIGKILL)
            sleep(min(POLL_S, self.stuck_after_s))
        return False

    def tell(self) -> bool:
        """Have whoever runs the enrolment look whether the tunnel is to be up or down; False: nobody runs it."""
        pid = self._holder("run") or self._holder("guard")
        if pid is None or not self.directory.lock.is_held():
            return False
        _send(pid, LOOK_AGAIN)
        return True

    def _holder(self, command: str) -> int | None:
        pid = self.directory.lock.holder()
        return pid if pid is not None and command in command_line(pid) else None

    def _last_fed(self) -> int:
        try:
            return self.directory.lock.file.stat().st_mtime_ns
        except OSError:
            return 0


def _send(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)
