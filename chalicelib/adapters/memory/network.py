"""Networks, in memory."""

from collections.abc import Collection, Sequence

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import DEPLOYMENT, NetworkId
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.directory import Block, BlockKey, Directory
from chalicelib.domain.network.network import Network

LISTED = (DEPLOYMENT, "network")  # claims that are the list of networks


class MemoryNetworks:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, network_id: NetworkId) -> Network:
        network = self._tables.networks.get(network_id)
        if network is None or network.is_deleting:
            raise NetworkNotFound(network_id)
        return network

    def deleting(self, network_id: NetworkId) -> Network | None:
        network = self._tables.networks.get(network_id)
        return network if network is not None and network.is_deleting else None

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        found = (self._tables.networks[known] for known in network_ids if known in self._tables.networks)
        return [network for network in found if not network.is_deleting]

    def ids(self, after: NetworkId | None, limit: int) -> list[NetworkId]:
        stored = (value for network_id, kind, value in list(self._tables.claims) if (network_id, kind) == LISTED)
        return sorted(NetworkId(value) for value in stored if after is None or value > after)[:limit]

    def directory(self, keys: Collection[BlockKey]) -> Directory:
        return Directory({key: self._tables.blocks.get(key, Block(key)) for key in keys})

    def acl(self, network_id: NetworkId) -> Acl:
        return self._tables.acls.get(network_id, Acl(network_id, 0, ()))
