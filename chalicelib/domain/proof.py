"""The proof that a change is in force: who has to apply it, who has, and how long it took."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low

from chalicelib.domain.change import Change
from chalicelib.domain.ids import PeerId, Revision


@dataclass(frozen=True, slots=True)
class Report:
    """An agent put the bundle of `revision` in force; it ran the one of `after` before."""

    peer_id: PeerId
    revision: Revision
    after: Revision
    at: datetime

    def covers(self, revision: Revision) -> bool:
        return self.after < revision <= self.revision


@dataclass(frozen=True, slots=True)
class Proof:
    """Of one change. `missing` have not applied it; `took`: from its commit to each report that was kept,
    the shortest first."""

    agents: int
    missing: tuple[PeerId, ...]
    took: tuple[timedelta, ...]

    @property
    def applied(self) -> int:
        return self.agents - len(self.missing)

    @property
    def median(self) -> timedelta | None:
        return median_low(self.took) if self.took else None

    @property
    def longest(self) -> timedelta | None:
        return self.took[-1] if self.took else None


def proof(
    change: Change, concerned: Collection[PeerId], reports: Iterable[Report], running: Mapping[PeerId, Revision]
) -> Proof:
    """Sum up what is known of a change.

    Args:
        reports: in any order.
        running: what each agent runs now, 0 for nothing yet; those that are gone are left out,
            and need not apply anything.
    """
    first: dict[PeerId, datetime] = {}
    for report in reports:
        if report.covers(change.revision):
            first[report.peer_id] = min(first.get(report.peer_id, report.at), report.at)
    left = [peer_id for peer_id in concerned if peer_id in first or peer_id in running]
    missing = (peer_id for peer_id in left if peer_id not in first and running[peer_id] < change.revision)
    took = (max(first[peer_id] - change.at, timedelta(0)) for peer_id in left if peer_id in first)
    return Proof(len(left), tuple(sorted(missing)), tuple(sorted(took)))
