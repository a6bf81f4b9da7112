"""Host indexes, held and in quarantine."""

from collections.abc import Iterator

from chalicelib.adapters.dynamodb.models import AllocationItem, FreedItem
from chalicelib.adapters.dynamodb.values import allocation_value, index_key
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.ipam import Allocation

LAST_INDEX = index_key(2**32)


class DynamoAllocations:
    def taken_from(self, network_id: NetworkId, index: int) -> Iterator[int]:
        between = AllocationItem.item.between(index_key(index), LAST_INDEX)
        for item in AllocationItem.query(network_id, between, consistent_read=True, page_size=100):
            yield int(item.item)

    def get(self, network_id: NetworkId, index: int) -> Allocation | None:
        try:
            return allocation_value(AllocationItem.get(network_id, index_key(index), consistent_read=True))
        except AllocationItem.DoesNotExist:
            return None

    def oldest_freed(self, network_id: NetworkId) -> Allocation | None:
        oldest = FreedItem.query(network_id, FreedItem.item.startswith("freed#"), consistent_read=True, limit=1)
        return next((Allocation(int(item.index), item.freed_at) for item in oldest), None)
