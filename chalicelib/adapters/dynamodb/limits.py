"""How often somebody called within a minute.

A call that botocore sends again, because its answer was lost, may be counted twice.
"""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.adapters.dynamodb.transact import REFUSED_AT_THE_DOOR
from chalicelib.domain.identity.limits import WINDOW, Counted


class LimitItem(Table):
    """`sessions`: the calls of a minute, under `limit#what#subject`, `minute#epoch`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    calls = NumberAttribute()
    expires_at = NumberAttribute()


class DynamoLimits:
    def count(self, counted: Counted, most: int) -> bool:
        item = LimitItem(f"limit#{counted.limit}#{counted.subject}", f"minute#{epoch(counted.since)}")
        actions: list[Action] = [LimitItem.calls.add(1), LimitItem.expires_at.set(epoch(counted.until + WINDOW))]
        has_room = LimitItem.calls.does_not_exist() | (LimitItem.calls < most)
        try:
            item.update(actions, condition=has_room)
        except UpdateError as error:
            # who calls more often than one partition counts is over whatever limit
            if error.cause_response_code in {"ConditionalCheckFailedException", *REFUSED_AT_THE_DOOR}:
                return False
            raise
        return True
