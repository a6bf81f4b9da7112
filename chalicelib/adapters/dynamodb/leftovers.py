"""What a network leaves when it is gone."""

from chalicelib.adapters.dynamodb.allocations import AllocationItem
from chalicelib.adapters.dynamodb.changes import ChangeItem
from chalicelib.domain.ids import NetworkId

AT_ONCE = 100


class DynamoLeftovers:
    def sweep(self, network_id: NetworkId) -> bool:
        return _sweep(AllocationItem, network_id) or _sweep(ChangeItem, network_id)


def _sweep(model: type[AllocationItem | ChangeItem], network_id: NetworkId) -> bool:
    """Delete some rows of a partition, whatever they are; answers whether there were any."""
    keys = ["network_id", "item"]
    found = list(model.query(network_id, limit=AT_ONCE, attributes_to_get=keys, consistent_read=True))
    with model.batch_write() as batch:
        for item in found:
            batch.delete(item)
    return bool(found)
