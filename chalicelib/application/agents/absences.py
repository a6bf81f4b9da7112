"""Ephemeral peers whose agent is gone for good.

Requests: a look 1 read, and 1 message while the agent is there; the end of a peer 4 reads and 1 transaction.
"""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.peers.peers import deletion
from chalicelib.application.ranges import Ranges
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import job
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.absence import AbsenceCheck
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.ports.liveness import LivenessStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.peer import PeerStore
from chalicelib.ports.queues import FailoverQueue

ABSENCE = job("absence")
LOOK_AGAIN = timedelta(minutes=1)  # after an agent that was heard at the last moment


@dataclass(frozen=True, slots=True)
class Absences:
    network_edits: NetworkEdits
    peers: PeerStore
    ranges: Ranges
    liveness: LivenessStore
    failover_tasks: FailoverQueue
    clock: Clock

    def look(self, check: AbsenceCheck) -> None:
        """Delete the peer if its agent has been away for too long, or look again; what it speaks of may be gone."""
        liveness = self.liveness.of(check.peer_id)
        if liveness is None or check.is_over(liveness):
            return
        now = self.clock.now()
        if now < check.gone_at(liveness):
            self.failover_tasks.put(check, check.next_look(liveness, now))
        elif not self._is_ended(check, liveness):
            self.failover_tasks.put(check, LOOK_AGAIN)

    def _is_ended(self, check: AbsenceCheck, liveness: AgentLiveness) -> bool:
        """End the peer, unless its agent was heard since: it may come back at any moment."""

        def ended(_: Network, later: Network) -> tuple[bool, NetworkEdit | None]:
            record = self.peers.get(check.network_id, check.peer_id)
            if self.liveness.of(check.peer_id) != liveness:
                return False, None
            return True, deletion(later, [record], self.ranges.behind([record.peer]), silent=liveness)

        try:
            return self.network_edits.make(check.network_id, ABSENCE, ended)
        except (NetworkNotFound, PeerNotFound):
            return True
