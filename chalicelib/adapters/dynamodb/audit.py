"""The audit log: one list for the deployment, and an index for each way to look through it.

A record is one item of a transaction, 2 write units a KB, and at most 4 units a KB of the indexes. The list is one
partition key, whose items DynamoDB spreads as they grow; what is written to its end at once is bounded by what one
partition takes, 500 records a second.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.dynamodb.table import Table
from chalicelib.domain.identity.audit import (
    Actor,
    ActorKind,
    AuditFilter,
    AuditId,
    AuditPage,
    AuditPlace,
    AuditRecord,
    Detail,
    Details,
    Outcome,
    Target,
    TargetKind,
    time_text,
)
from chalicelib.domain.ids import NetworkId

FIRST, LAST = "0", "9999"  # before and after every place


class StoredParty(msgspec.Struct, frozen=True):
    """An actor or a target."""

    kind: str
    id: str
    name: str


class StoredRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    at: datetime
    actor: StoredParty
    action: str
    target: StoredParty
    outcome: str
    source: str | None = None
    network_id: str | None = None
    before: dict[str, Detail] | None = None
    after: dict[str, Detail] | None = None
    request_id: str | None = None


class ByNetwork(GlobalSecondaryIndex["AuditItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-network"
        projection = AllProjection()

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class ByActor(GlobalSecondaryIndex["AuditItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-actor"
        projection = AllProjection()

    actor_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class ByAction(GlobalSecondaryIndex["AuditItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-action"
        projection = AllProjection()

    action = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class ByTarget(GlobalSecondaryIndex["AuditItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-target"
        projection = AllProjection()

    target_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)


class AuditItem(Table):
    """`audit`: a record (JSON) under `deployment` and its place, `time#id`.

    One that concerns no network is not in the index by network.
    """

    SCOPE = "deployment"

    class Meta(Table.Meta):
        table_name = "audit"

    scope = UnicodeAttribute(hash_key=True, default=SCOPE)
    item = UnicodeAttribute(range_key=True)
    network_id = UnicodeAttribute(null=True)
    actor_id = UnicodeAttribute()
    action = UnicodeAttribute()
    target_id = UnicodeAttribute()
    record = UnicodeAttribute()

    by_network = ByNetwork()
    by_actor = ByActor()
    by_action = ByAction()
    by_target = ByTarget()


class DynamoAudit:
    def page(self, wanted: AuditFilter, limit: int, start: AuditPlace | None = None) -> AuditPage:
        first = FIRST if wanted.since is None else time_text(wanted.since)
        last = min(start or LAST, LAST if wanted.until is None else time_text(wanted.until))
        if last < first:
            return AuditPage((), None)
        found = [audit_value(item) for item in _newest_first(wanted, first, last, limit + 1)]
        following = found[limit].place if len(found) > limit else None
        return AuditPage(tuple(filter(wanted.matches, found[:limit])), following)


def _newest_first(wanted: AuditFilter, first: str, last: str, limit: int) -> Iterator[AuditItem]:
    """By the part of a filter that fewest records match."""
    between = AuditItem.item.between(first, last)
    keys = (
        (AuditItem.by_target, wanted.target_id),
        (AuditItem.by_actor, wanted.actor_id),
        (AuditItem.by_network, wanted.network_id),
        (AuditItem.by_action, wanted.action),
    )
    for index, key in keys:
        if key is not None:
            return index.query(key, between, scan_index_forward=False, limit=limit)
    return AuditItem.query(AuditItem.SCOPE, between, consistent_read=True, scan_index_forward=False, limit=limit)


def audit_item(record: AuditRecord) -> AuditItem:
    stored = StoredRecord(
        record.id,
        record.at,
        StoredParty(record.actor.kind.value, record.actor.id, record.actor.name),
        record.action,
        StoredParty(record.target.kind.value, record.target.id, record.target.name),
        record.outcome.value,
        record.source,
        record.network_id,
        _stored(record.before),
        _stored(record.after),
        record.request_id,
    )
    return AuditItem(
        item=record.place,
        network_id=record.network_id,
        actor_id=record.actor.id,
        action=record.action,
        target_id=record.target.id,
        record=msgspec.json.encode(stored, order="sorted").decode(),
    )


def audit_value(item: AuditItem) -> AuditRecord:
    stored = msgspec.json.decode(item.record, type=StoredRecord)
    return AuditRecord(
        AuditId(stored.id),
        stored.at,
        Actor(ActorKind(stored.actor.kind), stored.actor.id, stored.actor.name),
        stored.source,
        stored.action,
        Target(TargetKind(stored.target.kind), stored.target.id, stored.target.name),
        None if stored.network_id is None else NetworkId(stored.network_id),
        stored.before,
        stored.after,
        Outcome(stored.outcome),
        stored.request_id,
    )


def _stored(details: Details | None) -> dict[str, Detail] | None:
    return None if details is None else dict(details)
