"""What agents say of themselves, and jumps of others.

Requests: 1, and for each peer a jump saw something new of 1, or 2 when it awoke.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import PeerNotFound
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.peer import Host
from chalicelib.domain.presence import Fact, FactKind, Sighting
from chalicelib.domain.principal import Agent
from chalicelib.ports import Clock, PresenceStore

JUMP = "jmp_"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`sightings`: the latest handshake of each peer a jump saw something new of."""

    instance_id: str
    seq: int
    host: Host | None
    sightings: Iterable[tuple[PeerId, datetime]]


@dataclass(frozen=True, slots=True)
class Heartbeats:
    presence: PresenceStore
    clock: Clock

    def record(self, agent: Agent, heartbeat: Heartbeat) -> Revision:
        """Note a heartbeat; answers the newest revision that concerns the agent.

        Raises:
            PeerNotFound: the agent is gone.
        """
        now = self.clock.now()
        wanted = self.presence.heard(agent.peer_id, heartbeat.instance_id, heartbeat.seq, heartbeat.host, now)
        if wanted is None:
            raise PeerNotFound(agent.peer_id)
        if agent.peer_id.startswith(JUMP):  # only a jump's word about others counts
            for peer_id, handshake_at in heartbeat.sightings:
                sighting = Sighting(min(handshake_at, now), now)
                if self.presence.sighted(agent.network_id, peer_id, sighting):
                    self.presence.record(Fact(agent.network_id, peer_id, FactKind.HANDSHAKE, sighting.handshake_at))
        return wanted
