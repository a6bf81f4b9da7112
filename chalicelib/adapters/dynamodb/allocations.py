"""Host indexes, held and in quarantine."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.adapters.dynamodb.models import AllocationItem, FreedItem
from chalicelib.adapters.dynamodb.values import allocation_value, freed_key, index_key
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.ports.peer import Holding

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
