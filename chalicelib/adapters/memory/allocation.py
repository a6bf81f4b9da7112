"""Addresses, in memory."""

import math
from collections.abc import Iterator
from datetime import datetime

from chalicelib.adapters.memory.tables import BATCH, BATCH_READ, MemoryTables
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.ports.peer import Holding


class MemoryAllocations:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def taken(self, network_id: NetworkId, span: Span) -> Iterator[Holding]:
        self._tables.requests["read"] += 1
        own = [held for (network, at), held in self._stored() if network == network_id and at in span]
        return iter(sorted((Holding(one, peer_id) for peer_id, one in own), key=lambda held: held.allocation.index))

    def get(self, network_id: NetworkId, index: int) -> Allocation | None:
        self._tables.requests["read"] += 1
        _, allocation = self._tables.allocations.get((network_id, index), (None, None))
        return allocation

    def freed(self, network_id: NetworkId, since: datetime | None = None) -> Iterator[Allocation]:
        self._tables.requests["read"] += 1
        own = [allocation for (network, _), (_, allocation) in self._stored() if network == network_id]
        freed = [(one.freed_at, one.index) for one in own if one.freed_at is not None]
        return iter([Allocation(index, at) for at, index in sorted(freed) if since is None or at >= since])

    def highest_held(self, network_id: NetworkId) -> int:
        self._tables.requests["read"] += 1
        held = (index for (network, index), (peer_id, _) in self._stored() if network == network_id and peer_id)
        return max(held, default=0)

    def _stored(self) -> list[tuple[tuple[NetworkId, int], tuple[PeerId | None, Allocation]]]:
        return list(self._tables.allocations.copy().items())  # a copy is made at once, whatever other threads write


class MemoryLeftovers:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def sweep(self, network_id: NetworkId) -> bool:
        for table in (self._tables.allocations, self._tables.changes, self._tables.expected, self._tables.marks):
            own = [key for key in table if key[0] == network_id][:BATCH_READ]
            self._tables.requests["read"] += 1
            if own:
                self._tables.requests["write"] += math.ceil(len(own) / BATCH)
                for key in own:
                    del table[key]  # type: ignore[arg-type]
                return True
        return False
