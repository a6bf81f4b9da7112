"""Networks and the directory."""

from collections.abc import Sequence

from chalicelib.adapters.dynamodb.models import DirectoryItem, NetworkItem
from chalicelib.adapters.dynamodb.values import directory_value, network_value
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.network import Directory, Network


class DynamoNetworks:
    def get(self, network_id: NetworkId) -> Network:
        if network_id == DirectoryItem.KEY:
            raise NetworkNotFound(network_id)
        try:
            return network_value(NetworkItem.get(network_id, consistent_read=True))
        except NetworkItem.DoesNotExist:
            raise NetworkNotFound(network_id) from None

    def many(self, network_ids: Sequence[NetworkId]) -> list[Network]:
        found = {item.network_id: item for item in NetworkItem.batch_get(list(network_ids), consistent_read=True)}
        return [network_value(found[known]) for known in network_ids if known in found]

    def directory(self) -> Directory:
        try:
            return directory_value(DirectoryItem.get(DirectoryItem.KEY, consistent_read=True))
        except DirectoryItem.DoesNotExist:
            return Directory(0, {}, ())
