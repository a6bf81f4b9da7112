"""Stores of networks and of their addresses."""

from collections.abc import Collection, Sequence
from typing import Protocol

from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.directory import BlockKey, Directory
from chalicelib.domain.network.network import Network


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
