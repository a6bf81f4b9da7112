"""Networks, their rules, and the directory."""

from collections.abc import Collection, Sequence

from chalicelib.adapters.dynamodb.models import AclItem, BlockItem, ClaimItem, NetworkItem
from chalicelib.adapters.dynamodb.values import acl_key, acl_value, block_key, block_value, claim_key, network_value
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.ids import DEPLOYMENT, NetworkId
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.directory import Block, BlockKey, Directory
from chalicelib.domain.network.network import Network

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

    def ids(self, after: NetworkId | None, limit: int) -> list[NetworkId]:
        # BETWEEN includes its ends: an id followed by a space sorts right after the id itself
        first = claim_key("network", "" if after is None else f"{after} ")
        between = ClaimItem.item.between(first, claim_key("network", "~"))
        found = ClaimItem.query(DEPLOYMENT, between, consistent_read=True, limit=limit)
        return [NetworkId(item.peer_id) for item in found]

    def directory(self, keys: Collection[BlockKey]) -> Directory:
        found = BlockItem.batch_get([block_key(key) for key in keys], consistent_read=True) if keys else ()
        stored = {block.key: block for block in map(block_value, found)}
        return Directory({key: stored.get(key, Block(key)) for key in keys})

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
