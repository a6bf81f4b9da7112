"""What outlives an agent: the guard of a trial, which may stand in for it, and wireguard-go."""

import contextlib
import os
import signal
import time
from pathlib import Path

from agent.adapters.files.processes import command_line

GONE_WITHIN_S = 10.0


def end_survivors(state: Path) -> None:
    """End them all. Guards first: one that stands in starts a wireguard-go that ended anew, and its pid file is gone
    by then; the lock of its enrolment names it."""
    for file in state.glob("*/guard.pid"):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # it may have ended by itself
            os.killpg(int(file.read_text()), signal.SIGKILL)
    for file in state.glob("*/lock"):
        if (holder := file.read_text().strip()) and "guard" in command_line(int(holder)):
            _end(int(holder))
    for file in state.glob("*/wy*.pid"):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + GONE_WITHIN_S
    while "guard" in command_line(pid):
        assert time.monotonic() < end, "the guard did not end"
        time.sleep(0.01)
