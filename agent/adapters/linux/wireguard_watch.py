"""Looks at host and WireGuard every so often, in a thread of its own, and says what changed.

A thread of its own, since a worker that waits for the control plane must not hold up what a jump sees.
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, time

from agent.adapters.linux.interface import SOCKETS
from agent.adapters.linux.tools import Commands
from agent.core.events import Event, Observed
from agent.errors import ToolFailed
from agent.host.tunnel.live import PeerTraffic, Sighting
from agent.host.tunnel.sightings import Watching
from agent.host.tunnel.wireguard_text import dump_records, parse_handshakes, seen_in_dump, seen_in_uapi, uapi_records
from agent.ports import HostFacts
from chalicelib.wire.peers import Host

ANSWER_WITHIN_S = 10.0
CHUNK_BYTES = 1 << 20
UAPI_GET = b"get=1\n\n"  # wireguard.com/xplatform
UAPI_END = b"\n\n"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WireGuardWatch:
    """`lost` is told the key of each peer from which nothing comes, at every look; `met` where peers moved to, public
    key → `ip:port`."""

    commands: Commands
    interface: str
    host: HostFacts
    emit: Callable[[Event], None]
    sockets: Path = SOCKETS
    lost: Callable[[str], None] = lambda _: None
    met: Callable[[Mapping[str, str]], None] = lambda _: None
    _asked: SimpleQueue[float] = field(default_factory=SimpleQueue)
    _watching: Watching = field(default_factory=Watching)
    _host: Host | None = None

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True, name="watch").start()

    def observe(self, every_s: float) -> None:
        self._asked.put(every_s)

    def look(self, is_asked: bool) -> None:
        """Say what changed; when asked, also that nothing did."""
        host, before = self.host.host(), self._host
        self._host = host
        seen = self._sighted()
        if is_asked or seen or host != before:
            self.emit(
                Observed(host=host, seen=seen, since_s=self._watching.since_s, is_asked=is_asked, at_s=monotonic())
            )

    def _work(self) -> None:
        every_s = self._asked.get()
        is_asked = True
        while True:
            due_s = monotonic() + every_s
            try:
                self.look(is_asked)
            except Exception:  # the outermost loop of the thread: the agent must go on
                logger.exception("look_crashed")
            every_s, is_asked = self._next(every_s, due_s)

    def _next(self, every_s: float, due_s: float) -> tuple[float, bool]:
        """Wait until the next look is due or asked for."""
        is_asked = False
        try:
            every_s = self._asked.get(timeout=max(0.0, due_s - monotonic()))
            is_asked = True
            while True:
                every_s = self._asked.get_nowait()
        except Empty:
            return every_s, is_asked

    def _sighted(self) -> Sequence[Sighting]:
        """What changed since the last look; nothing where there is no interface: the next reconcile makes it."""
        try:
            records, parse = self._records()
        except (OSError, ToolFailed):
            self._watching = Watching()
            return ()
        sighted = self._watching.look(records, parse, time(), monotonic())
        self.met({one.seen.public_key: one.seen.endpoint for one in sighted if one.seen.endpoint is not None})
        for public_key in self._watching.overdue:
            self.lost(public_key)
        return sighted

    def _records(self) -> tuple[Sequence[str], Callable[[str], PeerTraffic]]:
        path = self.sockets / f"{self.interface}.sock"
        if path.exists():
            return uapi_records(_ask(path)), seen_in_uapi
        return dump_records(self.commands.run("wg", "show", self.interface, "dump")), seen_in_dump


def seen_now(commands: Commands, interface: str) -> Sequence[PeerTraffic]:
    """Every peer, as WireGuard sees it now.

    Raises:
        ToolFailed: no such interface, or no right to look at it.
    """
    return [seen_in_dump(line) for line in dump_records(commands.run("wg", "show", interface, "dump"))]


def handshakes_now(commands: Commands, interface: str, sockets: Path = SOCKETS) -> Mapping[str, int]:
    """Public key → unix seconds of the last handshake, 0: never.

    Raises:
        ToolFailed: no such interface, or no right to look at it.
    """
    path = sockets / f"{interface}.sock"
    if not path.exists():
        return parse_handshakes(commands.run("wg", "show", interface, "latest-handshakes"))
    try:
        seen = map(seen_in_uapi, uapi_records(_ask(path)))
    except OSError as failed:
        raise ToolFailed(f"the WireGuard of {interface} does not answer: {failed.strerror}") from failed
    return {one.public_key: int(one.handshake_at) for one in seen}


def _ask(path: Path) -> str:
    """All that a userspace WireGuard says, by its socket: a `wg` would take twice as long.

    Raises:
        OSError: nobody listens, or not in time.
    """
    chunks: list[bytes] = []
    end = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(ANSWER_WITHIN_S)
        asking.connect(str(path))
        asking.sendall(UAPI_GET)
        while end != UAPI_END:
            chunk = asking.recv(CHUNK_BYTES)
            if not chunk:
                raise ConnectionError("the WireGuard socket was closed")
            chunks.append(chunk)
            end = (end + chunk)[-len(UAPI_END) :]
    return b"".join(chunks).decode()
