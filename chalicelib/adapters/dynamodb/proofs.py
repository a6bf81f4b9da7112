"""Whom a revision concerns, and the reports of those that applied it, beside the change log."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.adapters.dynamodb.models import ExpectedItem, ReportItem
from chalicelib.adapters.dynamodb.values import epoch, revision_key
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.proof import Report

KEPT = timedelta(days=30)
IDS_AN_ITEM = 10_000  # some 320 KB, of 400 allowed
Item = TypeVar("Item", ExpectedItem, ReportItem)
END = "~"  # sorts after every id


class DynamoProofs:
    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Collection[PeerId]], at: datetime) -> None:
        with ExpectedItem.batch_write() as batch:
            for revision, peer_ids in concerned.items():
                for item in _expected_items(network_id, revision, sorted(peer_ids), at):
                    batch.save(item)

    def prove(self, network_id: NetworkId, report: Report) -> None:
        ReportItem(
            network_id,
            f"report#{revision_key(report.revision)}#{report.peer_id}",
            peer_id=report.peer_id,
            revision=report.revision,
            after=report.after,
            at=report.at,
            expires_at=epoch(report.at + KEPT),
        ).save()

    def expected(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, frozenset[PeerId]]:
        found: dict[Revision, frozenset[PeerId]] = {}
        for item in self._items(ExpectedItem, "expected", network_id, first, last):
            revision = Revision(int(item.revision))
            found[revision] = found.get(revision, frozenset()) | set(map(PeerId, item.peer_ids.split()))
        return found

    def reports(self, network_id: NetworkId, first: Revision, last: Revision) -> list[Report]:
        return [
            Report(PeerId(item.peer_id), Revision(int(item.revision)), Revision(int(item.after)), item.at)
            for item in self._items(ReportItem, "report", network_id, first, last)
        ]

    def _items(
        self, model: type[Item], kind: str, network_id: NetworkId, first: Revision, last: Revision
    ) -> Iterable[Item]:
        span = model.item.between(f"{kind}#{revision_key(first)}", f"{kind}#{revision_key(last)}#{END}")
        return model.query(network_id, span, consistent_read=True)


def _expected_items(
    network_id: NetworkId, revision: Revision, ordered: Sequence[PeerId], at: datetime
) -> Iterable[ExpectedItem]:
    for start in range(0, len(ordered), IDS_AN_ITEM):
        yield ExpectedItem(
            network_id,
            f"expected#{revision_key(revision)}#{start}",
            revision=revision,
            peer_ids=" ".join(ordered[start : start + IDS_AN_ITEM]),
            expires_at=epoch(at + KEPT),
        )
