"""Open sockets, their sessions, and the gateway that holds them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from chalicelib.domain.change.notices import Notice
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, PrincipalId


@dataclass(frozen=True, slots=True)
class Connection:
    """A row of an open socket: an agent's in its network, a browser's in each network it may see,
    or one in EVERY_NETWORK, and one in the place of its person, see `place_of`."""

    network_id: NetworkId
    holder: PeerId | PrincipalId
    connection_id: ConnectionId
    connected_at: datetime
    expires_at: datetime


def place_of(person_id: PrincipalId) -> NetworkId:
    """Where all sockets of a person and of their API tokens have a row, in the place of a network."""
    return NetworkId(person_id)


class ConnectionStore(Protocol):
    def add(self, rows: Sequence[Connection]) -> None:
        """Store the rows of one socket."""
        ...

    def remove(self, row: Connection) -> None: ...

    def of_agents(self, network_id: NetworkId) -> list[Connection]: ...

    def of_agent(self, network_id: NetworkId, peer_id: PeerId) -> list[Connection]: ...

    def of_person(self, person_id: PrincipalId) -> list[Connection]:
        """Those of a person's browsers, and of their API tokens."""
        ...

    def of_browsers(self, network_id: NetworkId) -> list[Connection]:
        """Those with a row in this network; EVERY_NETWORK's are asked for by its name."""
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

    def dismiss(
        self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"], retry_in_s: int = 0
    ) -> bool:
        """Say why, and when to come back, and close, also when it cannot be told; no effect when it is gone. False: it
        may still be open."""
        ...
