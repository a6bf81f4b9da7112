"""The SSH session that a command was given in, if it was."""

import contextlib
import os
from ipaddress import ip_address
from pathlib import Path

from agent.host.way_in import Session

VARIABLE = "SSH_CONNECTION"  # `client port server port`: ssh(1)
MOST_PARENTS = 32


def session() -> Session | None:
    """Of this process, or of one it came from: sudo does not hand the variable on."""
    text = os.environ.get(VARIABLE) or _of_parents(os.getppid())
    words = text.split()
    with contextlib.suppress(ValueError, IndexError):
        return Session(client=ip_address(words[0]), host=ip_address(words[2]))
    return None


def _of_parents(pid: int) -> str:
    for _ in range(MOST_PARENTS):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ""
        for line in environment:
            if line.startswith(f"{VARIABLE}=".encode()):
                return line.decode(errors="replace").partition("=")[2]
        pid = int(status.rpartition(")")[2].split()[1])
        if pid == 0:
            return ""
    return ""
