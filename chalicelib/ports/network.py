"""Stores of networks and of their addresses."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.domain.network.directory import BlockKey, Directory
from chalicelib.domain.network.network import Network
from chalicelib.ports.peer import Holding


class NetworkStore(Protocol):
    def get(self, network_id: NetworkId) -> Network:
        """Raises NetworkNotFound, also for one that is being deleted."""
        ...

    def deleting(self, network_id: NetworkId) -> Network | None:
        """One that is being deleted; None: it is not, or gone."""
        ...

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        """Those that exist, in the order asked; at most 100."""
        ...

    def ids(self, after: NetworkId | None, limit: int) -> list[NetworkId]:
        """Up to `limit` networks of the deployment in the order of their creation, after one."""
        ...

    def directory(self, keys: Collection[BlockKey]) -> Directory:
        """Blocks of the directory, version 0 and empty before the first range; 1 request a hundred."""
        ...

    def acl(self, network_id: NetworkId) -> Acl:
        """Version 0 and without rules before the first."""
        ...


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
