"""Webhooks and their deliveries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

import msgspec
from pynamodb.attributes import (
    BinaryAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError

from chalicelib.adapters.dynamodb.accounts import CONDITION, read_whole
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.adapters.dynamodb.transact import Transaction
from chalicelib.domain.ids import HookId, NetworkId, Revision
from chalicelib.domain.network.network import SealedSecret
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.delivery import Delivery
from chalicelib.domain.webhook.event import EventId, EventType
from chalicelib.domain.webhook.hook import Hook, SwitchedOff
from chalicelib.domain.webhook.writes import HookWrite, PutHook, RemoveHook


class HookItem(Table):
    """`webhooks`: a hook, kind `hook`, by its id. `events`, `networks` absent: all. `failing_since`: beside the
    revision, noted by who sends."""

    KIND = "hook"

    class Meta(Table.Meta):
        table_name = "webhooks"

    kind = UnicodeAttribute(hash_key=True, default=KIND)
    id = UnicodeAttribute(range_key=True)
    url = UnicodeAttribute()
    description = UnicodeAttribute()
    events = UnicodeSetAttribute(null=True)
    networks = UnicodeSetAttribute(null=True)
    secret = BinaryAttribute(legacy_encoding=False)
    former = BinaryAttribute(legacy_encoding=False, null=True)
    former_until = UTCDateTimeAttribute(null=True)
    created_by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    failing_since = UTCDateTimeAttribute(null=True)
    off = UnicodeAttribute(null=True)
    revision = NumberAttribute()


class DeliveryItem(Table):
    """`webhooks`: what became of an event (JSON), kind `delivery#hook`, by the event's id; TTL."""

    class Meta(Table.Meta):
        table_name = "webhooks"

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    delivery = UnicodeAttribute()
    expires_at = NumberAttribute()


class DynamoHooks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def every(self) -> Sequence[Hook]:
        return [_hook(item) for item in HookItem.query(HookItem.KIND, consistent_read=True)]

    def get(self, hook_id: HookId) -> Hook | None:
        try:
            return _hook(HookItem.get(HookItem.KIND, hook_id, consistent_read=True))
        except HookItem.DoesNotExist:
            return None

    def with_deliveries(
        self, keys: Collection[tuple[HookId, EventId]]
    ) -> tuple[Mapping[HookId, Hook], Mapping[tuple[HookId, EventId], Delivery]]:
        hooks = {(HookItem.KIND, hook_id) for hook_id, _ in keys}
        wanted = [*sorted(hooks), *sorted({(_kind(hook_id), event_id) for hook_id, event_id in keys})]
        found = read_whole(self._connection, wanted, HookItem.Meta.table_name) if wanted else []
        by_key = {(raw["kind"]["S"], raw["id"]["S"]): raw for raw in found}
        return (
            {
                HookId(hook_id): _hook(HookItem.from_raw_data(by_key[HookItem.KIND, hook_id]))
                for _, hook_id in hooks & by_key.keys()
            },
            {
                (hook_id, event_id): _delivery(DeliveryItem.from_raw_data(by_key[_kind(hook_id), event_id]))
                for hook_id, event_id in keys
                if (_kind(hook_id), event_id) in by_key
            },
        )

    def deliveries(
        self, hook_id: HookId, limit: int, before: EventId | None
    ) -> tuple[Sequence[Delivery], EventId | None]:
        earlier = None if before is None else DeliveryItem.id < before
        items = DeliveryItem.query(
            _kind(hook_id), earlier, consistent_read=True, scan_index_forward=False, limit=limit + 1
        )
        found = [_delivery(item) for item in items]
        return found[:limit], found[limit - 1].event.id if len(found) > limit else None

    def put_delivery(self, hook_id: HookId, delivery: Delivery) -> None:
        DeliveryItem(
            _kind(hook_id),
            delivery.event.id,
            delivery=msgspec.json.encode(delivery).decode(),
            expires_at=epoch(delivery.kept_until),
        ).save()

    def note_failing(self, hook_id: HookId, since: datetime | None) -> None:
        failing, exists = HookItem.failing_since, HookItem.id.exists()
        try:
            if since is None:
                HookItem(id=hook_id).update(actions=[failing.remove()], condition=exists)
            else:
                HookItem(id=hook_id).update(actions=[failing.set(failing | since)], condition=exists)
        except UpdateError as error:
            if error.cause_response_code != CONDITION:
                raise


def put_hook(transaction: Transaction[Any], write: HookWrite) -> None:
    """Add the item of one write."""
    match write:
        case PutHook(hook):
            first = HookItem.id.does_not_exist()
            condition = first if hook.revision == 1 else HookItem.revision == hook.revision - 1
            transaction.put(_item(hook), write, condition)
        case RemoveHook(hook):
            transaction.delete(HookItem(id=hook.id), write, HookItem.revision == hook.revision)
        case _:
            assert_never(write)


def _kind(hook_id: HookId) -> str:
    return f"delivery#{hook_id}"


def _item(hook: Hook) -> HookItem:
    return HookItem(
        id=hook.id,
        url=msgspec.json.encode(hook.url).decode(),
        description=hook.description,
        events=hook.events and {event.value for event in hook.events},
        networks=hook.networks and set(hook.networks),
        secret=hook.secret.sealed,
        former=None if hook.former is None else hook.former.sealed,
        former_until=hook.former_until,
        created_by=hook.created_by,
        created_at=hook.created_at,
        updated_at=hook.updated_at,
        failing_since=hook.failing_since,
        off=None if hook.off is None else hook.off.value,
        revision=hook.revision,
    )


def _hook(item: HookItem) -> Hook:
    return Hook(
        id=HookId(item.id),
        url=msgspec.json.decode(item.url, type=HookUrl),
        description=item.description,
        events=None if item.events is None else frozenset(map(EventType, item.events)),
        networks=None if item.networks is None else frozenset(map(NetworkId, item.networks)),
        secret=SealedSecret(item.secret),
        former=None if item.former is None else SealedSecret(item.former),
        former_until=item.former_until,
        created_by=item.created_by,
        created_at=item.created_at,
        updated_at=item.updated_at,
        failing_since=item.failing_since,
        off=None if item.off is None else SwitchedOff(item.off),
        revision=Revision(int(item.revision)),
    )


def _delivery(item: DeliveryItem) -> Delivery:
    return msgspec.json.decode(item.delivery, type=Delivery)
