"""The store of sessions and tickets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Agent, Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import PeerId, PrincipalId
from chalicelib.ports.identity import Assertion


@dataclass(frozen=True, slots=True)
class AgentSession:
    agent: Agent
    secret: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """Opens one browser socket, which ends at `socket_expires_at`."""

    viewer: Viewer
    secret: Secret
    expires_at: datetime
    socket_expires_at: datetime


class SessionStore(Protocol):
    def open(
        self, session_id: str, session: AgentSession, assertion: "Assertion", device_key: str, now: datetime
    ) -> bool:
        """Store a session and burn the assertion; False when it was used before.

        Raises:
            CommitConflict: the device key is no longer the peer's, its agent is refused now, or the store was
                contended; nothing was written.
        """
        ...

    def refuse(self, agent: Agent, session_id: str, until: datetime) -> None:
        """End a session, and let none of its peer open before `until`; no effect when the peer is gone.

        Raises:
            CommitConflict: the store was contended; nothing was written.
        """
        ...

    def get(self, peer_id: PeerId, session_id: str) -> AgentSession | None: ...

    def end_all(self, peer_id: PeerId) -> None: ...

    def put_ticket(self, ticket_id: str, ticket: Ticket) -> None: ...

    def take_ticket(self, principal_id: PrincipalId, ticket_id: str) -> Ticket | None:
        """Use a ticket up; however many take it at once, one gets it."""
        ...
