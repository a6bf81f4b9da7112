"""What jumps saw of peers: the latest sighting of each."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.adapters.dynamodb.statements import Statement, run
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.presence import Sighting, latest_before

SIGHTINGS_KEPT = timedelta(days=365)  # a phone that nobody saw for a year is as one that never came


class SightingItem(Table):
    """`presence`: the latest handshake that jumps of a network saw, and where, item `sighting#network`.

    The network is part of the key: a jump of another network cannot speak of this peer.
    """

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    handshake_at = UTCDateTimeAttribute()
    seen_at = UTCDateTimeAttribute()
    endpoint = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class DynamoSightings:
    def of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> Mapping[PeerId, Sighting]:
        keys = [(peer_id, sighting_key(network_id)) for peer_id in peer_ids]
        items = SightingItem.batch_get(keys, consistent_read=True) if keys else ()
        return {PeerId(item.peer_id): _seen(item) for item in items}

    def keep(
        self, network_id: NetworkId, seen: Mapping[PeerId, Sighting], before: Mapping[PeerId, Sighting]
    ) -> Collection[PeerId]:
        table = SightingItem._get_connection()
        ordered = sorted(seen.items())
        done = run(
            table,
            [_seeing(table.table_name, network_id, known, now, before.get(known)) for known, now in ordered],
        )
        return {known for (known, _), is_kept in zip(ordered, done, strict=True) if is_kept}


def sighting_key(network_id: NetworkId) -> str:
    return f"sighting#{network_id}"


def _seeing(
    table_name: str, network_id: NetworkId, peer_id: PeerId, seen: Sighting, before: Sighting | None
) -> Statement:
    """A statement that keeps a sighting in place of the one before."""
    item = SightingItem(
        peer_id,
        sighting_key(network_id),
        handshake_at=seen.handshake_at,
        seen_at=seen.seen_at,
        endpoint=seen.endpoint,
        expires_at=epoch(seen.seen_at + SIGHTINGS_KEPT),
    ).serialize(null_check=True)
    if before is None:
        members = ", ".join(f"'{name}': ?" for name in item)
        return Statement(f'INSERT INTO "{table_name}" VALUE {{{members}}}', list(item.values()))
    key = [item.pop("peer_id"), item.pop("item")]
    item.setdefault("endpoint", {"NULL": True})
    changes = " ".join(f'SET "{name}" = ?' for name in item)
    text = f'UPDATE "{table_name}" {changes} WHERE "peer_id" = ? AND "item" = ? AND "handshake_at" <= ?'
    latest = latest_before(before, seen)
    return Statement(text, [*item.values(), *key, {"S": SightingItem.handshake_at.serialize(latest)}])  # type: ignore[no-untyped-call]


def _seen(item: SightingItem) -> Sighting:
    return Sighting(item.handshake_at, item.seen_at, item.endpoint)
