"""The change log, read by revision."""

from chalicelib.adapters.dynamodb.models import ChangeItem
from chalicelib.adapters.dynamodb.values import change_value, revision_key
from chalicelib.domain.change.change import Change
from chalicelib.domain.ids import NetworkId, Revision

FIRST = revision_key(Revision(0))
LAST = revision_key(Revision(10**12 - 1))


class DynamoChanges:
    def between(self, network_id: NetworkId, after: Revision, up_to: Revision | None = None) -> list[Change]:
        last = LAST if up_to is None else revision_key(up_to)
        span = ChangeItem.item.between(revision_key(Revision(after + 1)), last)
        return [change_value(item) for item in ChangeItem.query(network_id, span, consistent_read=True)]

    def page(self, network_id: NetworkId, before: Revision | None, limit: int) -> list[Change]:
        last = LAST if before is None else revision_key(Revision(before - 1))
        newest_first = ChangeItem.query(
            network_id,
            ChangeItem.item.between(FIRST, last),
            consistent_read=True,
            scan_index_forward=False,
            limit=limit,
        )
        return [change_value(item) for item in newest_first]
