"""A network and mount namespace of its own, for one thread and all that is started from it."""

import ctypes
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

CLONE_NEWNS = 0x00020000  # linux/sched.h
CLONE_NEWNET = 0x40000000
WITHIN_S = 60.0

OWN_RUN = "mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir /run/wireguard && ip link set lo up"
# The machine's resolvers are none of the host's inside. The file may be a link to one below /run.
NO_RESOLVERS = """
file=$(readlink -m /etc/resolv.conf)
[ -e "$file" ] || { mkdir -p "${file%/*}" && touch "$file"; }
mount --bind /dev/null "$file"
"""

Answer = TypeVar("Answer")


@dataclass
class Namespace:
    """`do` runs a function inside; threads and processes it starts stay inside too."""

    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    def __enter__(self) -> "Namespace":
        self.do(_leave)
        self.sh(OWN_RUN + NO_RESOLVERS)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True)

    def do(self, function: Callable[[], Answer]) -> Answer:
        return self._thread.submit(function).result(WITHIN_S)

    def sh(self, command: str) -> str:
        return self.do(
            lambda: subprocess.run(["sh", "-ec", command], check=True, capture_output=True, text=True).stdout
        )


def _leave() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
