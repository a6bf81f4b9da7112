"""What is shipped, run in a namespace."""

import os
import signal
import subprocess
from pathlib import Path

from agent.identity.enrollment import interface_name
from tests.agent.builders import NETWORK_ID, PEER_ID
from tests.agent.namespace import Namespace

ROOT = Path(__file__).parents[3]
INTERFACE = interface_name(NETWORK_ID, PEER_ID)
WITHIN_S = 120.0


def ran(inside: Namespace, *words: str) -> "subprocess.CompletedProcess[str]":
    """In the namespace, with an environment that is no virtual one's."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    return inside.do(lambda: subprocess.run(words, capture_output=True, text=True, timeout=WITHIN_S, env=env))


def ended(inside: Namespace, state: Path) -> None:
    for pid_file in state.glob("*/wy*.pid"):
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
    for pid_file in state.glob("*/guard.pid"):
        os.killpg(int(pid_file.read_text()), signal.SIGKILL)
