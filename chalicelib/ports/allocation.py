"""The store of addresses, and what a network leaves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.ports.peer import Holding


class AllocationStore(Protocol):
    def taken(self, network_id: NetworkId, span: Span) -> Iterable[Holding]:
        """Held or quarantined indexes, ascending, read as far as they are taken out."""
        ...

    def get(self, network_id: NetworkId, index: int) -> Allocation | None: ...

    def freed(self, network_id: NetworkId, since: datetime | None = None) -> Iterable[Allocation]:
        """Quarantined indexes, the oldest first, read as far as they are taken out; those freed after `since`."""
        ...

    def highest_held(self, network_id: NetworkId) -> int:
        """The highest index a peer holds; 0 without any."""
        ...


class LeftoverStore(Protocol):
    """Addresses and the change log of networks that are gone: nobody reads them any more."""

    def sweep(self, network_id: NetworkId) -> bool:
        """Delete up to a hundred rows; False when there was none. 1 read, or 2, and 1 write a 25."""
        ...
