"""Addresses, in memory."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.adapters.memory.tables import PAGE, MemoryTables
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.ports.peer import Holding


class MemoryAllocations:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def taken(self, network_id: NetworkId, span: Span) -> Iterator[Holding]:
        own = [held for (network, at), held in self._stored() if network == network_id and at in span]
        return iter(sorted((Holding(one, peer_id) for peer_id, one in own), key=lambda held: held.allocation.index))

    def get(self, network_id: NetworkId, index: int) -> Allocation | None:
        _, allocation = self._tables.allocations.get((network_id, index), (None, None))
        return allocation

    def freed(self, network_id: NetworkId, since: datetime | None = None) -> Iterator[Allocation]:
        own = [allocation for (network, _), (_, allocation) in self._stored() if network == network_id]
        freed = [(one.freed_at, one.index) for one in own if one.freed_at is not None]
        return iter([Allocation(index, at) for at, index in sorted(freed) if since is None or at >= since])

    def highest_held(self, network_id: NetworkId) -> int:
        held = (index for (network, index), (peer_id, _) in self._stored() if network == network_id and peer_id)
        return max(held, default=0)

    def _stored(self) -> list[tuple[tuple[NetworkId, int], tuple[PeerId | None, Allocation]]]:
        return list(self._tables.allocations.copy().items())  # a copy is made at once, whatever other threads write


class MemoryLeftovers:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def sweep(self, network_id: NetworkId) -> bool:
        for table in (self._tables.allocations, self._tables.changes, self._tables.expected, self._tables.marks):
            own = [key for key in table if key[0] == network_id][:PAGE]
            if own:
                for key in own:
                    del table[key]  # type: ignore[arg-type]
                return True
        return False
