"""Whom a revision concerns, and how many of these are through with it, beside the change log.

A mark of each agent and revision lies in the agent's own partition. It is written in one
transaction with the count, for some ninety agents at once: so an agent counts once, and ten
thousand reports are some hundred writes in the network's partition.
"""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from chalicelib.adapters.dynamodb.change import revision_key
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.adapters.dynamodb.transact import LIMITS
from chalicelib.domain.change.rollout import FEW, Expected, Mark, Rollout, kept_ms
from chalicelib.domain.ids import NetworkId, PeerId, Revision


class ExpectedItem(Table):
    """`changes`: how many agents a revision concerns, `proof#revision#expected`; their ids, between spaces, when
    they are few. `made_at`: when the change was made."""

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    made_at = UTCDateTimeAttribute()
    agents = NumberAttribute()
    peer_ids = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class ConcernedItem(Table):
    """`changes`: the many agents a revision concerns, `concerned#revision#part`; ids between spaces, deflated."""

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer_ids = BinaryAttribute(legacy_encoding=False)
    expires_at = NumberAttribute()


class TallyItem(Table):
    """`changes`: how many agents are through with a revision, `proof#revision#tally`. Beside these, `ms80`: how
    many of them took 80 ms, and so on."""

    class Meta(Table.Meta):
        table_name = "changes"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    applied = NumberAttribute(null=True)
    gone = NumberAttribute(null=True)
    expires_at = NumberAttribute()


class MarkItem(Table):
    """`presence`: an agent is counted as through with a revision, `counted#revision`."""

    class Meta(Table.Meta):
        table_name = "presence"

    peer_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    expires_at = NumberAttribute()


KEPT = timedelta(days=30)
IDS_AN_ITEM = 10_000  # some 130 KB, of 400 allowed
MARKED = "ConditionalCheckFailed"
ATTEMPTS, FIRST_WAIT_S, LONGEST_WAIT_S = 8, 0.05, 1.0
TOOK = "ms"  # and so many milliseconds: attributes of a tally


class DynamoRollouts:
    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected], now: datetime) -> None:
        expires_at = epoch(now + KEPT)
        with ExpectedItem.batch_write() as batch:
            for revision, expected in concerned.items():
                ordered = sorted(expected.agents)
                is_few = len(ordered) <= FEW
                batch.save(
                    ExpectedItem(
                        network_id,
                        expected_key(revision),
                        made_at=expected.at,
                        agents=len(ordered),
                        peer_ids=" ".join(ordered) if is_few else None,
                        expires_at=expires_at,
                    )
                )
                for part in [] if is_few else range(0, len(ordered), IDS_AN_ITEM):
                    ids = zlib.compress(" ".join(ordered[part : part + IDS_AN_ITEM]).encode())
                    key = concerned_key(revision, part)
                    batch.save(ConcernedItem(network_id, key, peer_ids=ids, expires_at=expires_at))

    def rollouts(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, Rollout]:
        expected: dict[Revision, ExpectedItem] = {}
        tallies: dict[Revision, Mapping[str, Any]] = {}
        for attributes in _query(network_id, *rollout_span(first, last)):
            _, revision, kind = attributes["item"]["S"].split("#")
            if kind == "tally":
                tallies[Revision(int(revision))] = attributes
                continue
            item = ExpectedItem()
            item.deserialize(dict(attributes))
            expected[Revision(int(revision))] = item
        return {revision: _rollout(item, tallies.get(revision, {})) for revision, item in expected.items()}

    def concerned(self, network_id: NetworkId, revision: Revision) -> frozenset[PeerId]:
        parts = ConcernedItem.item.startswith(concerned_key(revision, None))
        found = ConcernedItem.query(network_id, parts, consistent_read=True)
        return frozenset(PeerId(known) for item in found for known in zlib.decompress(item.peer_ids).decode().split())

    def count(self, network_id: NetworkId, marks: Collection[Mark], now: datetime) -> None:
        for batch in _batches(marks):
            _count_once(network_id, batch, epoch(now + KEPT))


class _Contended(Exception):
    """The store could not run a transaction now."""

    def __init__(self, codes: Collection[str]) -> None:
        super().__init__(", ".join(sorted(set(codes))))


def _batches(marks: Collection[Mark]) -> Iterable[list[Mark]]:
    """Marks with the counts they raise, in as few transactions as hold them."""
    once: dict[tuple[Revision, PeerId], Mark] = {}
    for mark in marks:
        once.setdefault((mark.revision, mark.peer_id), mark)
    batch: list[Mark] = []
    for _, mark in sorted(once.items()):
        revisions = {known.revision for known in batch} | {mark.revision}
        if len(batch) + 1 + len(revisions) > LIMITS.items:
            yield batch
            batch = []
        batch.append(mark)
    if batch:
        yield batch


def _count_once(network_id: NetworkId, marks: Sequence[Mark], expires_at: int) -> None:
    """One transaction; without the marks that stand already, and again when others write these counts too."""
    left = list(marks)
    for attempt in Retrying(
        retry=retry_if_exception_type(_Contended),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    ):
        with attempt:
            reasons = _cancelled(network_id, left, expires_at) if left else []
            if reasons:
                left = [mark for mark, reason in zip(left, reasons, strict=False) if reason != MARKED]
                raise _Contended(reasons)


def _cancelled(network_id: NetworkId, marks: Sequence[Mark], expires_at: int) -> list[str]:
    """Write marks and counts together; answers each write's reason when nothing was written, marks first."""
    own, beside = MarkItem._get_connection(), TallyItem._get_connection()
    client: Any = own.connection.client
    puts = [{"Put": _marked(own.table_name, mark, expires_at)} for mark in marks]
    of_revision: dict[Revision, list[Mark]] = defaultdict(list)
    for mark in marks:
        of_revision[mark.revision].append(mark)
    adds = [
        {"Update": _counted(beside.table_name, network_id, revision, together, expires_at)}
        for revision, together in of_revision.items()
    ]
    try:
        client.transact_write_items(TransactItems=[*puts, *adds])
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        return [str(reason["Code"]) for reason in error.response["CancellationReasons"]]
    return []


def _marked(table: str, mark: Mark, expires_at: int) -> Mapping[str, Any]:
    return {
        "TableName": table,
        "Item": {
            "peer_id": {"S": mark.peer_id},
            "item": {"S": mark_key(mark.revision)},
            "expires_at": {"N": str(expires_at)},
        },
        "ConditionExpression": "attribute_not_exists(peer_id)",
    }


def _counted(
    table: str, network_id: NetworkId, revision: Revision, marks: Sequence[Mark], expires_at: int
) -> Mapping[str, Any]:
    added: dict[str, int] = defaultdict(int)
    for mark in marks:
        added["gone" if mark.took is None else "applied"] += 1
        if mark.took is not None:
            added[f"{TOOK}{kept_ms(mark.took)}"] += 1
    names = {f"#n{number}": name for number, name in enumerate(added)}
    values = {f":n{number}": {"N": str(agents)} for number, agents in enumerate(added.values())}
    adds = ", ".join(f"#n{number} :n{number}" for number in range(len(added)))
    return {
        "TableName": table,
        "Key": {"network_id": {"S": network_id}, "item": {"S": tally_key(revision)}},
        "UpdateExpression": f"SET expires_at = :expires_at ADD {adds}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {**values, ":expires_at": {"N": str(expires_at)}},
    }


def _query(network_id: NetworkId, first: str, last: str) -> Iterable[Mapping[str, Any]]:
    """The items as they are stored: a tally's attributes are many, and none of a model."""
    connection = TallyItem._get_connection()
    client: Any = connection.connection.client
    pages = client.get_paginator("query").paginate(
        TableName=connection.table_name,
        ConsistentRead=True,
        KeyConditionExpression="network_id = :network AND #item BETWEEN :first AND :last",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":network": {"S": network_id}, ":first": {"S": first}, ":last": {"S": last}},
    )
    for page in pages:
        yield from page["Items"]


def _rollout(item: ExpectedItem, tally: Mapping[str, Any]) -> Rollout:
    numbers = {name: int(value["N"]) for name, value in tally.items() if "N" in value}
    return Rollout(
        item.made_at,
        int(item.agents),
        numbers.get("applied", 0),
        numbers.get("gone", 0),
        {int(name.removeprefix(TOOK)): agents for name, agents in numbers.items() if name.startswith(TOOK)},
        frozenset(map(PeerId, (item.peer_ids or "").split())) if item.agents <= FEW else None,
    )


def expected_key(revision: Revision) -> str:
    return f"proof#{revision_key(revision)}#expected"


def tally_key(revision: Revision) -> str:
    return f"proof#{revision_key(revision)}#tally"


def rollout_span(first: Revision, last: Revision) -> tuple[str, str]:
    """The sort keys of all that is counted of the revisions from one to another."""
    return f"proof#{revision_key(first)}#", f"proof#{revision_key(last)}#~"


def concerned_key(revision: Revision, part: int | None) -> str:
    """A part of whom a revision concerns; None: what the keys of all parts begin with."""
    return f"concerned#{revision_key(revision)}#{'' if part is None else part}"


def mark_key(revision: Revision) -> str:
    return f"counted#{revision_key(revision)}"
