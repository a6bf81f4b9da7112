"""When an ephemeral peer is gone for good: its agent has been away for longer than it takes to come back."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.presence import HEARTBEAT_REGULAR, MISSED_HEARTBEATS

GONE_AFTER = timedelta(minutes=10)  # without a word; then an ephemeral peer vanishes
LOOK_EVERY = timedelta(minutes=15)  # while its socket is open; SQS delays no message for longer
SILENT_AFTER = MISSED_HEARTBEATS * HEARTBEAT_REGULAR


@dataclass(frozen=True, slots=True)
class AbsenceCheck:
    """Look whether an ephemeral peer's agent is still there, by the socket that it opened last; again and again.

    `connection_id` None: it joined at `since`, and opened none yet. A newer socket has a check of its own.
    """

    network_id: NetworkId
    peer_id: PeerId
    connection_id: ConnectionId | None
    since: datetime

    def is_over(self, liveness: AgentLiveness) -> bool:
        """Whether another check looks after the agent."""
        return liveness.connection_id not in (None, self.connection_id)

    def gone_at(self, liveness: AgentLiveness) -> datetime:
        """When the peer vanishes, if its agent says nothing more."""
        heard = max(at for at in (self.since, liveness.last_seen, liveness.closed_at) if at is not None)
        away_since = heard if liveness.connection_id is None else heard + SILENT_AFTER
        return away_since + GONE_AFTER

    def next_look(self, liveness: AgentLiveness, now: datetime) -> timedelta:
        """How long until it is worth to look again; whole seconds, for SQS."""
        return min(timedelta(seconds=math.ceil((self.gone_at(liveness) - now).total_seconds())), LOOK_EVERY)
