"""Whether jumps live."""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer.failover import AgentLiveness


class LivenessStore(Protocol):
    """What decides whether an agent is taken for dead: its signs of life, and what others report of it."""

    def of(self, peer_id: PeerId) -> AgentLiveness | None:
        """None: no such agent."""
        ...

    def accuse(self, peer_id: PeerId, at: datetime) -> AgentLiveness | None:
        """Note that a jump is found dead; a report of a dead jump before keeps its time. None: no such agent."""
        ...

    def note_down(self, peer_id: PeerId, at: datetime) -> None:
        """Note when a jump was marked down; no effect on an agent that is gone."""
        ...
