"""Requests with an idempotency key.

A write that botocore sends again, because its answer was lost, finds its own first try: that is no refusal. One that
meets the transaction which settles the same record is one: another attempt is about to have done it.
"""

import hashlib

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DeleteError, PutError

from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.ids import PrincipalId


class RequestItem(Table):
    """`accounts`: a request with an idempotency key, kind `request#principal`; the id is the key's hash."""

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    request = UnicodeAttribute()
    attempt = UnicodeAttribute()
    started_at = UTCDateTimeAttribute()
    made = JSONAttribute()
    is_done = BooleanAttribute()
    expires_at = NumberAttribute()


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


def request_key(principal: PrincipalId, key: str) -> tuple[str, str]:
    """The key is the caller's text, of any characters: hashed, it is one of ours."""
    return f"request#{principal}", hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def request_item(request: Replayable) -> RequestItem:
    return RequestItem(
        *request_key(request.principal, request.key),
        request=request.request,
        attempt=request.attempt,
        started_at=request.started_at,
        made=list(request.made),
        is_done=request.is_done,
        expires_at=epoch(request.expires_at),
    )


def request_value(item: RequestItem, like: Replayable) -> Replayable:
    """The stored attempt under the same key as another."""
    return Replayable(
        like.principal, like.key, item.request, item.attempt, item.started_at, tuple(item.made), item.is_done
    )
