"""What agents run, and what was seen of peers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import Fact, OwnHandshakes, Presence, Sighting


@dataclass(frozen=True, slots=True)
class PeerObservation:
    """What an agent said, and what a jump saw of it."""

    presence: Presence | None = None
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an agent is. `applied` 0: nothing yet. `is_blocked`: its word about others does not count."""

    wanted: Revision
    applied: Revision
    is_blocked: bool = False


class PresenceStore(Protocol):
    """What agents say, and jumps see. Every write is one small update that wakes nobody; `insert_facts` does.

    What an agent says counts while its admission is the peer's: whoever was given up, deleted or revoked
    is answered like one that is gone, by the condition of the same update.
    """

    def wanted(self, peer_id: PeerId) -> Revision | None:
        """None: no such agent (any more)."""
        ...

    def raise_wanted(self, revisions: Mapping[PeerId, Revision]) -> None:
        """Raise `wanted` of each, never lower it; no effect on an agent that is gone. 1 request a 25."""
        ...

    def note_connected(
        self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime
    ) -> Progress | None:
        """Note the open socket; None for an agent that is gone."""
        ...

    def note_disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> bool:
        """Note when the socket closed; False, and no effect, when a newer one was noted meanwhile."""
        ...

    def note_heartbeat(
        self,
        agent: Agent,
        instance_id: str,
        seq: int,
        host: Host | None,
        at: datetime,
        own: OwnHandshakes | None = None,
        unreachable: Collection[PeerId] = (),
    ) -> Progress | None:
        """Note a heartbeat: what it says of its host, its own handshakes, and the jumps it finds dead.

        None for an agent that is gone.
        """
        ...

    def note_sign_of_life(self, agent: Agent, at: datetime) -> None:
        """Note a sign of life; no effect on an agent that is gone. Like whatever an agent says, it ends reports
        that the agent is a dead jump."""
        ...

    def accuse(self, peer_id: PeerId, at: datetime) -> AgentLiveness | None:
        """Note that a jump is found dead; a report of a dead jump before keeps its time. None: no such agent."""
        ...

    def note_down(self, peer_id: PeerId, at: datetime) -> None:
        """Note when a jump was marked down; no effect on an agent that is gone."""
        ...

    def liveness(self, peer_id: PeerId) -> AgentLiveness | None:
        """None: no such agent."""
        ...

    def progress(self, agent: Agent) -> Progress | None:
        """None: no such agent (any more), or its admission is not the peer's."""
        ...

    def applied_revision(self, peer_id: PeerId) -> Revision:
        """The revision in force, 0 for none."""
        ...

    def note_applied(self, agent: Agent, revision: Revision, bundle_hash: str, at: datetime) -> Revision | None:
        """Note what an agent runs; answers the revision it ran before, 0 for none. The same word again, of the
        same moment, is answered the same.

        None, and no effect: it is gone, or has said a newer one.
        """
        ...

    def note_failure(self, agent: Agent, error: str, at: datetime) -> bool:
        """Note why an agent could not apply what it fetched; False when it is gone."""
        ...

    def sightings(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        """What jumps of this network saw last of each; those never seen are left out. 1 request a hundred."""
        ...

    def keep_sightings(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        """Keep each sighting in place of the one before, none for the first; answers whose were kept.

        Of the others a later handshake is known by now, or they awoke by another one. 1 request a 25.
        """
        ...

    def insert_facts(self, *facts: Fact) -> None:
        """Insert facts, from which the stream tells browsers; the same one twice is one. 1 request a 25."""
        ...

    def observations(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, PeerObservation]:
        """What is known of each; peers of which nothing is known are left out."""
        ...
