"""What became true of peers: items that are inserted and never change."""

from datetime import UTC, timedelta

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.adapters.dynamodb.change import revision_key
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.presence import Fact, FactKind

FACTS_KEPT = timedelta(days=1)  # as long as a stream holds its records


class FactItem(Table):
    """`presence`: something that became true, `fact#time#kind`. The stream takes inserted items of this type only.
    A report's: the revision in force, and the one before."""

    TYPE = "fact"

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute(default=TYPE)
    network_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    revision = NumberAttribute(null=True)
    after = NumberAttribute(null=True)
    is_return = BooleanAttribute(null=True)
    expires_at = NumberAttribute()


class DynamoFacts:
    def insert(self, *facts: Fact) -> None:
        if len(facts) == 1:
            fact_item(facts[0]).save()
            return
        with FactItem.batch_write() as batch:
            for fact in facts:
                batch.save(fact_item(fact))


def fact_item(fact: Fact) -> FactItem:
    """The same again changes nothing, so that the stream does not take it for another insert."""
    return FactItem(
        fact.peer_id,
        fact_key(fact),
        network_id=fact.network_id,
        kind=fact.kind.value,
        at=fact.at,
        revision=fact.revision,
        after=fact.after,
        is_return=fact.is_return or None,
        expires_at=epoch(fact.at + FACTS_KEPT),
    )


def fact_key(fact: Fact) -> str:
    report = "" if fact.revision is None else f"#{revision_key(fact.revision)}"
    return f"fact#{fact.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{fact.kind}{report}"


def fact_value(item: FactItem) -> Fact:
    revision, after = (None if said is None else Revision(int(said)) for said in (item.revision, item.after))
    kind, is_return = FactKind(item.kind), bool(item.is_return)
    return Fact(NetworkId(item.network_id), PeerId(item.peer_id), kind, item.at, revision, after, is_return)
