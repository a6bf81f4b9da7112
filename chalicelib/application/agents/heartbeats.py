"""What agents say of themselves, and jumps of others.

Requests: 1, 2 when it is refused; for what a jump saw of others 1 read a hundred and 1 write a 25, 1 read a hundred of
those never seen before, and 1 write a 25 of those that awoke; the writes of a report
more when the one of the bundle it runs was lost; a word against jumps, or for a reset, 1 message. Of a blocked agent 1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.application.agents.observations import Observations
from chalicelib.application.agents.sockets import refusal
from chalicelib.application.push.rollouts import Rollouts
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import PeerId, Revision, is_jump
from chalicelib.domain.peer.failover import DeadJumpReport, ResetRequest
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import own_handshakes
from chalicelib.ports.outside import Clock
from chalicelib.ports.presence import PresenceStore
from chalicelib.ports.queues import FailoverQueue


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`running`: the revision in force, 0 for none, and its hash. `sightings`: the latest handshake of each
    peer a jump saw something new of, and its endpoint. `watched`: how far back `own_handshakes`, each with its
    age, go without a gap; None: the agent says nothing of them. `unreachable`: jumps whose tunnels are dead to
    it. `reset`: the jump that leaves it unanswered."""

    instance_id: str
    seq: int
    running: Revision
    bundle_hash: str
    host: Host | None
    sightings: Iterable[tuple[PeerId, datetime, str | None]]
    watched: timedelta | None = None
    own_handshakes: Iterable[tuple[PeerId, timedelta]] = ()
    unreachable: tuple[PeerId, ...] = ()
    reset: PeerId | None = None


@dataclass(frozen=True, slots=True)
class Heartbeats:
    presence: PresenceStore
    observations: Observations
    rollouts: Rollouts
    failover_tasks: Callable[[], FailoverQueue]
    clock: Clock

    def record(self, agent: Agent, heartbeat: Heartbeat) -> Revision:
        """Note a heartbeat; answers the newest revision that concerns the agent.

        Raises:
            PeerNotFound: the agent is gone.
            Unauthenticated: its session ended with the peer's token.
        """
        now = self.clock.now()
        watched = heartbeat.watched
        own = None if watched is None else own_handshakes(watched, heartbeat.own_handshakes, now)
        progress = self.presence.note_heartbeat(
            agent, heartbeat.instance_id, heartbeat.seq, heartbeat.host, now, own, heartbeat.unreachable
        )
        if progress is None:
            raise refusal(self.presence, agent)
        if heartbeat.running > progress.applied:
            self.rollouts.applied(agent, heartbeat.running, heartbeat.bundle_hash, progress)
        if progress.is_blocked:  # it may say how it is itself, and what it applied
            return progress.wanted
        if is_jump(agent.peer_id):  # only a jump's word about others counts
            others = [seen for seen in heartbeat.sightings if seen[0] != agent.peer_id]
            self.observations.take(agent.network_id, others, now)
        if heartbeat.unreachable:
            self.failover_tasks().put(DeadJumpReport(agent.network_id, agent.peer_id, heartbeat.unreachable))
        if heartbeat.reset is not None:
            self.failover_tasks().put(ResetRequest(agent.network_id, agent.peer_id, heartbeat.reset))
        return progress.wanted

    def lives(self, agent: Agent) -> None:
        """Note that an agent answered when it was asked whether it lives."""
        self.presence.note_sign_of_life(agent, self.clock.now())
