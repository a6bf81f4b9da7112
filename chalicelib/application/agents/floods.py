"""Sockets that send far more than any client of ours: they are closed, and an agent gets no session for a while.

Frames are counted in memory, so that a frame costs nothing more. Each instance of the function counts what it is
handed: one instance has all frames of a socket that come slower than it takes for one, some 20 ms, and a faster flood
is spread over as many instances as its frames are worked on at once. When *n* instances share it, it ends after *n*
times MOST frames of a minute at the latest.

Requests: none; of an agent that floods 1 transaction, once an instance.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId
from chalicelib.ports.outside import Clock
from chalicelib.ports.sessions import SessionStore

MOST = 600  # frames a minute; a jump of 10,000 peers sends 20, and one more for each change it applies
WINDOW = timedelta(minutes=1)
REFUSED_FOR = timedelta(minutes=10)


@dataclass(slots=True)
class Floods:
    sessions: SessionStore
    clock: Clock
    _since: datetime | None = field(default=None)
    _frames: dict[ConnectionId, int] = field(default_factory=dict)

    def count(self, connection_id: ConnectionId) -> int:
        """How many frames of a socket this process was handed in this minute, with this one."""
        now = self.clock.now()
        if self._since is None or now - self._since >= WINDOW:
            self._since, self._frames = now, {}
        self._frames[connection_id] = frames = self._frames.get(connection_id, 0) + 1
        return frames

    def refuse(self, agent: Agent, session_id: str) -> None:
        """End an agent's session, and refuse it new ones for REFUSED_FOR."""
        until = self.clock.now() + REFUSED_FOR
        retry_on_conflict(self.clock, lambda: self.sessions.refuse(agent, session_id, until))
