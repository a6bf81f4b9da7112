"""Host indexes, held and in quarantine."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.adapters.dynamodb.change import ChangeItem
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.ports.peer import Holding

AT_ONCE = 100


class DynamoLeftovers:
    def sweep(self, network_id: NetworkId) -> bool:
        return _sweep(AllocationItem, network_id) or _sweep(ChangeItem, network_id)


class AllocationItem(Table):
    """`allocations`: a host index, held (`peer_id`) or in quarantine (`freed_at`)."""

    class Meta(Table.Meta):
        table_name = "allocations"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer_id = UnicodeAttribute(null=True)
    freed_at = UTCDateTimeAttribute(null=True)


class FreedItem(Table):
    """`allocations`: a pointer to a quarantined index, `freed#time#index`, oldest first."""

    class Meta(Table.Meta):
        table_name = "allocations"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    index = NumberAttribute()
    freed_at = UTCDateTimeAttribute()


EVERY = Span(0, 2**32)
AFTER_ALL_FREED = "freed$"  # "$" follows "#"


class DynamoAllocations:
    def taken(self, network_id: NetworkId, span: Span) -> Iterator[Holding]:
        for item in AllocationItem.query(network_id, _between(span), consistent_read=True, page_size=100):
            yield Holding(allocation_value(item), None if item.peer_id is None else PeerId(item.peer_id))

    def get(self, network_id: NetworkId, index: int) -> Allocation | None:
        try:
            return allocation_value(AllocationItem.get(network_id, index_key(index), consistent_read=True))
        except AllocationItem.DoesNotExist:
            return None

    def freed(self, network_id: NetworkId, since: datetime | None = None) -> Iterator[Allocation]:
        first = "freed#" if since is None else freed_key(since, 0)
        between = FreedItem.item.between(first, AFTER_ALL_FREED)
        for item in FreedItem.query(
            network_id, between, consistent_read=True, page_size=100 if since is None else None
        ):
            yield Allocation(int(item.index), item.freed_at)

    def highest_held(self, network_id: NetworkId) -> int:
        descending = AllocationItem.query(
            network_id, _between(EVERY), consistent_read=True, scan_index_forward=False, page_size=100
        )
        return next((int(item.item) for item in descending if item.peer_id is not None), 0)


def _between(span: Span):  # type: ignore[no-untyped-def]  # noqa: ANN202  pynamodb names no type of conditions
    return AllocationItem.item.between(index_key(span.first), index_key(span.last))


def index_key(index: int) -> str:
    return f"{index:010d}"


def freed_key(freed_at: datetime, index: int) -> str:
    return f"freed#{freed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{index_key(index)}"


def allocation_value(item: AllocationItem) -> Allocation:
    return Allocation(int(item.item), item.freed_at)


def _sweep(model: type[AllocationItem | ChangeItem], network_id: NetworkId) -> bool:
    """Delete some rows of a partition, whatever they are; answers whether there were any."""
    keys = ["network_id", "item"]
    found = list(model.query(network_id, limit=AT_ONCE, attributes_to_get=keys, consistent_read=True))
    with model.batch_write() as batch:
        for item in found:
            batch.delete(item)
    return bool(found)
