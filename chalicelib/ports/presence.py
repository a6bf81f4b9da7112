"""What agents said last."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, PeerId
from chalicelib.domain.peer.peer import Host
from chalicelib.domain.peer.presence import OwnHandshakes, Presence, Progress


class PresenceStore(Protocol):
    """An agent's last word. Every write is one small update that wakes nobody.

    What an agent says counts while its admission is the peer's: whoever was given up, deleted or revoked
    is answered like one that is gone, by the condition of the same update; so is an instance that an incident
    rejected. Whatever it says ends reports
    that it is a dead jump.
    """

    def of(self, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Presence]:
        """The last word of each; those that are no agents (any more) are left out. 1 request a hundred."""
        ...

    def note_connected(
        self, agent: Agent, connection_id: ConnectionId, instance_id: str, at: datetime
    ) -> Progress | None:
        """Note the open socket; None for an agent that is gone."""
        ...

    def note_disconnected(self, peer_id: PeerId, connection_id: ConnectionId, at: datetime) -> Progress | None:
        """Note when the socket closed; None, and no effect, when a newer one was noted meanwhile."""
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
        """Note a sign of life; no effect on an agent that is gone."""
        ...
