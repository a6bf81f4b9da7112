"""Open sockets, and the gateway that holds them, in memory."""

from collections.abc import Collection, Sequence
from typing import Literal

from chalicelib.adapters.memory.presence import AGENTS
from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.adapters.sockets.frames import frame_of
from chalicelib.domain.change.notices import Notice
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, PrincipalId
from chalicelib.ports.sockets import Connection, Missed, place_of


class MemoryConnections:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def add(self, rows: Sequence[Connection]) -> None:
        for row in rows:
            self._tables.sockets[row.network_id, row.connection_id] = row

    def remove(self, row: Connection) -> None:
        self._tables.sockets.pop((row.network_id, row.connection_id), None)

    def of_agents(self, network_id: NetworkId) -> list[Connection]:
        return [row for row in self._read(network_id) if row.holder.startswith(AGENTS)]

    def of_agent(self, network_id: NetworkId, peer_id: PeerId) -> list[Connection]:
        return [row for row in self._read(network_id) if row.holder == peer_id]

    def of_person(self, person_id: PrincipalId) -> list[Connection]:
        return self.of_browsers(place_of(person_id))

    def of_browsers(self, network_id: NetworkId) -> list[Connection]:
        return [row for row in self._read(network_id) if not row.holder.startswith(AGENTS)]

    def _read(self, network_id: NetworkId) -> list[Connection]:
        return [row for row in self._tables.sockets.copy().values() if row.network_id == network_id]


Frame = tuple[str, object]


class MemoryGateway:
    """`open` are the connections it knows; `sent` what each got; `ill` those with which it fails for now;
    `dismissed`: those it closed, with when they are to come back."""

    def __init__(self) -> None:
        self.open: set[ConnectionId] = set()
        self.sent: dict[ConnectionId, list[object]] = {}
        self.ill: set[ConnectionId] = set()
        self.dismissed: dict[ConnectionId, int] = {}

    def tell(self, connection_ids: Collection[ConnectionId], notice: Notice) -> Missed:
        frame, failed = frame_of(notice, generation=1), self.ill & set(connection_ids)
        return Missed(
            frozenset(known for known in connection_ids if known not in failed and not self.post(known, frame)),
            frozenset(failed),
        )

    def post(self, connection_id: ConnectionId, frame: object) -> bool:
        if connection_id not in self.open:
            return False
        self.sent.setdefault(connection_id, []).append(frame)
        return True

    def dismiss(
        self, connection_id: ConnectionId, reason: Literal["peer_deleted", "session_ended"], retry_in_s: int = 0
    ) -> bool:
        if connection_id in self.ill:
            return False
        self.dismissed[connection_id] = retry_in_s
        self.post(connection_id, ("bye", reason))
        self.open.discard(connection_id)
        return True
