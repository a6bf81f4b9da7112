"""`TransactWriteItems`, each item with whoever answers for it.

Items are sent in the order they were put, because DynamoDB gives its reasons by place. PynamoDB's own
`TransactWrite` sorts them by kind first (6.1.0, Connection.transact_write_items), and a reason
then stands where another item was put.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.ports.transactions import Limits

Owner = TypeVar("Owner")

LIMITS = Limits(items=100, item_bytes=400_000)  # DynamoDB, "Service, account, and table quotas"
CONDITION = "ConditionalCheckFailed"
CONTENDED = frozenset(("TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"))
REFUSED_AT_THE_DOOR = frozenset(
    ("ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded")
)


class Cancelled(Exception):
    """Nothing was written. `unmet`: the owners of items whose condition failed, in the order of the items;
    empty: another transaction was at an item, or the table takes no more now."""

    def __init__(self, unmet: list[Any]) -> None:
        super().__init__(f"{len(unmet)} conditions failed")
        self.unmet = unmet


class Transaction(Generic[Owner]):
    """As many items as LIMITS says. A request that botocore repeats, because its answer was lost, carries the same
    ClientRequestToken (botocore makes it), so that it is done once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._items: list[dict[str, Any]] = []
        self._owners: list[Owner] = []

    def put(self, item: Model, owner: Owner, condition: Condition | None = None) -> None:
        self._add("Put", item.get_save_kwargs_from_instance(condition=condition), owner)

    def update(self, item: Model, owner: Owner, actions: Sequence[Action], condition: Condition | None = None) -> None:
        arguments = item.get_update_kwargs_from_instance(actions=list(actions), condition=condition)
        self._add("Update", arguments, owner)

    def check(self, item: Model, owner: Owner, condition: Condition) -> None:
        """Have all of it stand or fall with an item that is not written."""
        arguments = item.get_delete_kwargs_from_instance(condition=condition)
        self._add("ConditionCheck", arguments, owner)

    def delete(self, item: Model, owner: Owner, condition: Condition | None = None) -> None:
        self._add("Delete", item.get_delete_kwargs_from_instance(condition=condition), owner)

    def send(self) -> None:
        """Write all of it or nothing.

        Raises:
            Cancelled: a condition failed, or the store was contended: it may be tried again.
            VerboseClientError: anything else, as an item that is too large.
        """
        try:
            self._connection.dispatch("TransactWriteItems", {"TransactItems": self._items})
        except VerboseClientError as error:
            unmet = self._unmet(error)
            if unmet is None:
                raise
            raise Cancelled(unmet) from error

    def _add(self, kind: str, arguments: dict[str, Any], owner: Owner) -> None:
        self._items.append({kind: arguments})
        self._owners.append(owner)

    def _unmet(self, error: VerboseClientError) -> list[Owner] | None:
        """Whose conditions failed; None for what no other try can mend."""
        code = error.response["Error"]["Code"]
        if code in REFUSED_AT_THE_DOOR:
            return []
        codes = [None if reason is None else reason.code for reason in error.cancellation_reasons]
        if code != "TransactionCanceledException" or set(codes) - CONTENDED - {CONDITION, None}:
            return None
        return [owner for owner, said in zip(self._owners, codes, strict=True) if said == CONDITION]
