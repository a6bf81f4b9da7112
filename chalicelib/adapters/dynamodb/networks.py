"""Networks, their rules, and the directory."""

from collections.abc import Sequence

from chalicelib.adapters.dynamodb.models import AclItem, DirectoryItem, NetworkItem
from chalicelib.adapters.dynamodb.values import acl_key, acl_value, directory_value, network_value
from chalicelib.domain.acl import Acl
from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network import Network

NETWORK = "net_"  # the table's other items begin otherwise


class DynamoNetworks:
    def get(self, network_id: NetworkId) -> Network:
        network = self._find(network_id)
        if network is None or network.is_deleting:
            raise NetworkNotFound(network_id)
        return network

    def deleting(self, network_id: NetworkId) -> Network | None:
        network = self._find(network_id)
        return network if network is not None and network.is_deleting else None

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        found = {item.network_id: item for item in NetworkItem.batch_get(list(network_ids), consistent_read=True)}
        networks = (network_value(found[known]) for known in network_ids if known in found)
        return [network for network in networks if not network.is_deleting]

    def directory(self) -> Directory:
        try:
            return directory_value(DirectoryItem.get(DirectoryItem.KEY, consistent_read=True))
        except DirectoryItem.DoesNotExist:
            return Directory(0, {}, ())

    def acl(self, network_id: NetworkId) -> Acl:
        try:
            return acl_value(AclItem.get(acl_key(network_id), consistent_read=True), network_id)
        except AclItem.DoesNotExist:
            return Acl(network_id, 0, ())

    def _find(self, network_id: NetworkId) -> Network | None:
        if not network_id.startswith(NETWORK):
            return None
        try:
            return network_value(NetworkItem.get(network_id, consistent_read=True))
        except NetworkItem.DoesNotExist:
            return None
