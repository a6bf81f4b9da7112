"""What the one-file executable needs set right before it does anything; elsewhere nothing.

It is a loader that unpacks the program and runs it as a child, with library paths that are the
program's own. The host's tools must not see those, nor may the child outlive its loader: a
service manager knows the loader alone.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBRARIES = "LD_LIBRARY_PATH"


def is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


def settle() -> None:
    """Give the host's tools their environment back, and end when the loader ends."""
    if not is_frozen():
        return
    before = os.environ.pop(f"{LIBRARIES}_ORIG", None)  # PyInstaller, "LD_LIBRARY_PATH considerations"
    if before is None:
        os.environ.pop(LIBRARIES, None)
    else:
        os.environ[LIBRARIES] = before
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"  # the guard is a program of its own, not this one's child
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def own_command() -> Sequence[str]:
    """How to start this very program."""
    return (sys.executable,) if is_frozen() else (sys.executable, "-m", "agent")
