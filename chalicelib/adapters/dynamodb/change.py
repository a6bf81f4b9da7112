"""The change log, read by revision."""

from collections.abc import Iterable

import msgspec
from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.adapters.dynamodb.stored_peer import StoredPeer, _stored, _value
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import difference_of, texts_of
from chalicelib.domain.ids import NetworkId, PrincipalId, Revision


class StoredAffected(msgspec.Struct, frozen=True, omit_defaults=True):
    before: StoredPeer | None = None
    after: StoredPeer | None = None


_AFFECTED = msgspec.json.Decoder(tuple[StoredAffected, ...])


class ChangeItem(Table):
    """`changes`: one record a revision, with the peers it affected (JSON, see stored). The stream
    takes inserted items of this type only."""

    TYPE = "change"

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute(default=TYPE)
    revision = NumberAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    what = UnicodeAttribute()
    peers = UnicodeAttribute(null=True)
    settings = JSONAttribute(null=True)
    note = UnicodeAttribute(null=True)


def revision_key(revision: Revision) -> str:
    return f"{revision:012d}"


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


def change_item(change: Change) -> ChangeItem:
    return ChangeItem(
        change.network_id,
        revision_key(change.revision),
        revision=change.revision,
        at=change.at,
        by=change.by,
        what=change.what.value,
        peers=affected_text(change.peers) if change.peers else None,
        settings={name: list(pair) for name, pair in texts_of(change.network).items()} or None,
        note=change.note,
    )


def change_value(item: ChangeItem) -> Change:
    return Change(
        NetworkId(item.network_id),
        Revision(int(item.revision)),
        item.at,
        PrincipalId(item.by),
        What(item.what),
        affected_from(item.peers) if item.peers else (),
        difference_of({name: (before, after) for name, (before, after) in (item.settings or {}).items()}),
        item.note,
    )


def affected_text(peers: Iterable[Affected]) -> str:
    stored = [
        StoredAffected(
            None if one.before is None else _stored(one.before), None if one.after is None else _stored(one.after)
        )
        for one in peers
    ]
    return msgspec.json.encode(stored).decode()


def affected_from(text: str) -> tuple[Affected, ...]:
    return tuple(
        Affected(None if one.before is None else _value(one.before), None if one.after is None else _value(one.after))
        for one in _AFFECTED.decode(text)
    )
