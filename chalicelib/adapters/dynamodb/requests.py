"""Requests with an idempotency key.

A write that botocore sends again, because its answer was lost, finds its own first try: that is no refusal. One that
meets the transaction which settles the same record is one: another attempt is about to have done it.
"""

from pynamodb.exceptions import DeleteError, PutError

from chalicelib.adapters.dynamodb.models import RequestItem
from chalicelib.adapters.dynamodb.values import request_item, request_key, request_value
from chalicelib.domain.change.replay import Replayable


class DynamoRequests:
    def begin(self, attempt: Replayable) -> Replayable | None:
        try:
            request_item(attempt).save(condition=RequestItem.kind.does_not_exist())
        except PutError as error:
            _unless_refused(error)
        else:
            return None
        try:
            stored = RequestItem.get(*request_key(attempt.principal, attempt.key), consistent_read=True)
        except RequestItem.DoesNotExist:  # forgotten, or expired, this very moment
            return self.begin(attempt)
        return None if stored.attempt == attempt.attempt else request_value(stored, attempt)

    def take_over(self, stored: Replayable, attempt: Replayable) -> bool:
        try:
            request_item(attempt).save(condition=_stands(stored) | _stands(attempt))
        except PutError as error:
            _unless_refused(error)
            return False
        return True

    def forget(self, attempt: Replayable) -> None:
        try:
            request_item(attempt).delete(condition=_stands(attempt))
        except DeleteError as error:
            _unless_refused(error)


def _stands(request: Replayable):  # type: ignore[no-untyped-def]  # noqa: ANN202  pynamodb names no type of conditions
    return (RequestItem.attempt == request.attempt) & (RequestItem.is_done == request.is_done)


def _unless_refused(error: PutError | DeleteError) -> None:
    if error.cause_response_code not in ("ConditionalCheckFailedException", "TransactionConflictException"):
        raise error
