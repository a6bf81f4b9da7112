"""The connection used last, kept for the next call as long as nothing suggests that it is dead."""

import threading
from dataclasses import dataclass, field
from time import monotonic, time

from agent.adapters.control_plane.connecting import Connection, Way

KEPT_S = 60.0  # NATs and proxies forget an idle connection without a word
SLEPT_S = 5.0  # the wall's clock moved so much more than ours: the host slept, or the clock was set


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection, and when it was used last by both clocks."""

    connection: Connection
    used_at_s: float
    used_at_wall_s: float

    def is_fresh(self) -> bool:
        idle_s, idle_by_wall_s = monotonic() - self.used_at_s, time() - self.used_at_wall_s
        return idle_s < KEPT_S and abs(idle_by_wall_s - idle_s) < SLEPT_S and self.connection.is_connected


@dataclass(slots=True)
class Connections:
    """To one origin; the one used last is kept for the next call."""

    way: Way
    _kept: Kept | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __enter__(self) -> "Connections":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self) -> Connection | None:
        """The kept one, unless it may be dead by now."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is None or kept.is_fresh():
            return kept.connection if kept is not None else None
        kept.connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        with self._lock:
            before, self._kept = self._kept, Kept(connection, monotonic(), time())
        if before is not None:
            before.connection.close()

    def close(self) -> None:
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept.connection.close()
