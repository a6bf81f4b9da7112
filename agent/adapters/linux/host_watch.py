"""Hears from the kernel what others do to what the agent made of its host, and says so once for each burst.

While nothing happens its thread sleeps in the kernel. What the agent's own tools change is told by their pids and left
out, so that a host that was healed is still.
"""

import errno
import logging
import math
import select
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic, sleep

from agent.adapters.linux.concern import Concern
from agent.adapters.linux.netlink import (
    KERNEL,
    NETLINK_NETFILTER,
    NETLINK_ROUTE,
    NFTABLES,
    NFTABLES_GROUP,
    RECEIVED_BYTES,
    ROUTE_GROUPS,
    listening,
    messages,
)
from agent.core.events import Event, HostChanged

BURST_S = 0.15  # a tool that sets a host up anew says so in many messages
APART_S = 1.0
MOST_APART_S = 30.0
HEARD = ((NETLINK_ROUTE, ROUTE_GROUPS), (NETLINK_NETFILTER, (NFTABLES_GROUP,)))

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class HostWatch:
    """`is_own`: whether a pid is that of a tool the agent ran. `minds_others`: it opens the tables of others, who may
    take its rules away; where they change theirs all the time, that is said ever less often."""

    interface: str
    emit: Callable[[Event], None]
    is_own: Callable[[int], bool]
    minds_others: bool = False
    _concern: Concern = field(init=False)
    _ports: set[int] = field(default_factory=set)
    _ports_of_others: set[int] = field(default_factory=set)
    _due_s: float = math.inf
    _free_s: float = 0.0
    _free_of_others_s: float = 0.0
    _apart_s: float = APART_S

    def __post_init__(self) -> None:
        self._concern = Concern(self.interface)

    def start(self) -> None:
        """Begin to listen; what happens from now on is reported."""
        sockets = [opened for opened in (_opened(*heard) for heard in HEARD) if opened is not None]
        if not sockets:
            return
        with suppress(OSError):
            self._concern.index = socket.if_nametoindex(self.interface)
        Thread(target=self._work, args=(sockets,), daemon=True, name="host_watch").start()

    def _work(self, sockets: Sequence[socket.socket]) -> None:
        ready = select.poll()
        for opened in sockets:
            ready.register(opened, select.POLLIN)
        while True:
            ready.poll(None if math.isinf(self._due_s) else max(0.0, self._due_s - monotonic()) * 1000)
            try:
                self._heed(sockets)
            except Exception:  # the outermost loop of the thread: listening must go on
                logger.exception("host_watch_crashed")
                sleep(APART_S)

    def _heed(self, sockets: Sequence[socket.socket]) -> None:
        """Take in what was heard; report it once its burst is over, and the last report long enough ago."""
        before = len(self._ports), len(self._ports_of_others)
        for opened in sockets:
            self._hear(opened)
        now_s = monotonic()
        if len(self._ports) > before[0]:
            self._due_s = min(self._due_s, max(now_s + BURST_S, self._free_s))
        if len(self._ports_of_others) > before[1]:
            self._due_s = min(self._due_s, max(now_s + BURST_S, self._free_of_others_s))
        if now_s >= self._due_s:
            self._report(now_s)

    def _report(self, now_s: float) -> None:
        is_changed, is_near = (not all(map(self.is_own, ports)) for ports in (self._ports, self._ports_of_others))
        self._ports, self._ports_of_others, self._due_s = set(), set(), math.inf
        if is_near:
            is_calm = now_s - self._free_of_others_s > self._apart_s
            self._apart_s = APART_S if is_calm else min(2 * self._apart_s, MOST_APART_S)
            self._free_of_others_s = now_s + self._apart_s
        if is_changed or is_near:
            self._free_s = now_s + APART_S
            self.emit(HostChanged(at_s=now_s))

    def _hear(self, opened: socket.socket) -> None:
        while True:
            try:
                datagram = opened.recv(RECEIVED_BYTES)
            except BlockingIOError:
                return
            except OSError as lost:
                if lost.errno != errno.ENOBUFS:
                    raise
                self._ports.add(KERNEL)  # more was said than could be heard: who knows what
                continue
            for message in messages(datagram):
                if message.kind >= NFTABLES and message.port in self._ports:
                    continue  # of a table with thousands of elements, one says all
                if self._concern.has_own(message):
                    self._ports.add(message.port)
                elif self.minds_others and self._concern.has_others(message):
                    self._ports_of_others.add(message.port)


def _opened(family: int, groups: Sequence[int]) -> socket.socket | None:
    try:
        return listening(family, groups)
    except OSError as failed:
        logger.warning("host_not_watched", extra={"error": str(failed), "family": family})
        return None
