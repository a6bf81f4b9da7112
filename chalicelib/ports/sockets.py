"""Open sockets, their sessions, and the gateway that holds them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from chalicelib.domain.change.push_notice import Notice
from chalicelib.domain.identity.principal import Agent, Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, PrincipalId
from chalicelib.ports.identity import Assertion

EVERY_NETWORK = NetworkId("org")


@dataclass(frozen=True, slots=True)
class Connection:
    """A row of an open socket: an agent's in its network, a browser's in each network it may see,
    or one in EVERY_NETWORK."""

    network_id: NetworkId
    holder: PeerId | PrincipalId
    connection_id: ConnectionId
    connected_at: datetime
    expires_at: datetime


class ConnectionStore(Protocol):
    def add(self, rows: Sequence[Connection]) -> None:
        """Store the rows of one socket."""
        ...

    def remove(self, row: Connection) -> None: ...

    def of_agents(self, network_id: NetworkId) -> list[Connection]: ...

    def of_agent(self, network_id: NetworkId, peer_id: PeerId) -> list[Connection]: ...

    def of_browsers(self, network_id: NetworkId) -> list[Connection]:
        """Those with a row in this network; EVERY_NETWORK's are asked for by its name."""
        ...


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
    def open(self, session_id: str, session: AgentSession, assertion: "Assertion", device_key: str) -> bool:
        """Store a session and burn the assertion; False when it was used before.

        Raises:
            Moved: the device key is no longer the peer's, or the store was contended; nothing was written.
        """
        ...

    def get(self, peer_id: PeerId, session_id: str) -> AgentSession | None: ...

    def end_all(self, peer_id: PeerId) -> None: ...

    def put_ticket(self, ticket_id: str, ticket: Ticket) -> None: ...

    def take_ticket(self, principal_id: PrincipalId, ticket_id: str) -> Ticket | None:
        """Use a ticket up; however many take it at once, one gets it."""
        ...


@dataclass(frozen=True, slots=True)
class Missed:
    """Who was not told. `gone`: the gateway does not know them. `failed`: it was too busy, or ill; they may be open."""

    gone: frozenset[ConnectionId] = frozenset()
    failed: frozenset[ConnectionId] = frozenset()


class Gateway(Protocol):
    """The sockets, from the server's side."""

    def tell(self, connection_ids: Collection[ConnectionId], notice: Notice) -> Missed:
        """Tell each, at the same time: one that fails hinders no other."""
        ...

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        """Answer one socket with a frame of `wire`; False when the gateway does not know it."""
        ...

    def dismiss(self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"]) -> bool:
        """Say why, and close, also when it cannot be told; no effect when it is gone. False: it may still be open."""
        ...
