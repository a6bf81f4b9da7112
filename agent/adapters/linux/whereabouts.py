"""Asks for the names of peers again whose tunnels are dead, and has WireGuard speak to where they are now.

A hub on a line with a moving address has a name that moves with it. Nobody asks while its tunnel is alive: an endpoint
that works, or that roamed, is better than any answer.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from time import monotonic
from typing import Protocol

from agent.adapters.linux.resolution import addresses
from agent.errors import ToolFailed
from agent.host.tunnel.wanted import Endpoint, is_address

FIRST_S = 2.0
MOST_S = 60.0
CALM_S = 300.0  # without a word of it, a tunnel was alive

logger = logging.getLogger(__name__)


class Addressed(Protocol):
    """A tunnel whose peers have endpoints."""

    def name_of(self, public_key: str) -> Endpoint | None:
        """The endpoint by which the bundle knows a peer, if that is a name."""

    def lead(self, endpoint: Endpoint, addresses: Sequence[str]) -> bool:
        """Speak to the peers of this endpoint at another of its addresses, `ip:port`; whether there was one.

        Raises:
            ToolFailed: the host refuses.
        """


@dataclass(frozen=True, slots=True)
class Asking:
    """`asked`: how often in a row. `again_s`: monotonic, before which nobody asks again."""

    asked: int
    again_s: float


@dataclass(slots=True)
class Whereabouts:
    tunnel: Addressed
    uniform: Callable[[float, float], float] = random.uniform
    _asking: dict[Endpoint, Asking] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _due: SimpleQueue[Endpoint] = field(default_factory=SimpleQueue)

    def start(self) -> None:
        threading.Thread(target=self._work, daemon=True, name="whereabouts").start()

    def lost(self, public_key: str) -> None:
        """To be called again and again while a peer's tunnel is dead."""
        endpoint = self.tunnel.name_of(public_key)
        if endpoint is not None:
            self.lost_at(endpoint)

    def lost_at(self, endpoint: Endpoint) -> None:
        """The same, by the peer's endpoint. Nothing is asked about one that is an address."""
        if not is_address(endpoint.host) and self._is_due(endpoint, monotonic()):
            self._due.put(endpoint)

    def _is_due(self, endpoint: Endpoint, now_s: float) -> bool:
        """Whether to ask now. All peers of a hub lose it at one moment, so the first question waits a while too."""
        with self._lock:
            before = self._asking.get(endpoint)
            if before is None or now_s - before.again_s > CALM_S:
                self._asking[endpoint] = Asking(0, now_s + self.uniform(0.0, FIRST_S))
                return False
            if now_s < before.again_s:
                return False
            bound_s = min(MOST_S, FIRST_S * 2.0 ** (before.asked + 1))
            self._asking[endpoint] = Asking(before.asked + 1, now_s + self.uniform(bound_s / 2, bound_s))
            return True

    def _work(self) -> None:
        while True:
            endpoint = self._due.get()
            try:
                self.ask(endpoint)
            except ToolFailed as failed:
                logger.info("peer_not_led", extra={"error": str(failed)})
            except Exception:  # the outermost loop of the thread: the agent must go on
                logger.exception("whereabouts_crashed")

    def ask(self, endpoint: Endpoint) -> None:
        found = _addresses(endpoint)
        if found and self.tunnel.lead(endpoint, found):
            logger.warning("peer_led_elsewhere", extra={"host": endpoint.host})


def _addresses(endpoint: Endpoint) -> Sequence[str]:
    """What a name stands for, each as `ip:port`, of both families; empty: nobody answered in time."""
    return [str(Endpoint(address, endpoint.port)) for address in addresses(endpoint.host)]
