"""Changes whose plan was lost, planned once more from the change log.

Requests: 1 and its plan for one change; for all of a time 1 a hundred networks, and for each network 1
for PAGE changes since then, and a plan of those that lie in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.application.push.plans import Plans
from chalicelib.domain.change.change import Change
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.ports.change import ChangeStore
from chalicelib.ports.network import NetworkStore

PAGE = 100


@dataclass(frozen=True, slots=True)
class Replans:
    plans: Plans
    networks: NetworkStore
    changes: ChangeStore

    def again(self, network_id: NetworkId, revision: Revision) -> int:
        """Plan one change; answers 0 when the log does not have it."""
        found = self.changes.between(network_id, Revision(revision - 1), revision)
        self.plans.plan(found)
        return len(found)

    def during(self, first: datetime, last: datetime) -> int:
        """Plan all changes of every network that were made from one time to another; answers how many."""
        planned = 0
        for network_id in self._networks():
            for page in self._pages(network_id, first):
                wanted = [change for change in page if change.at <= last]
                self.plans.plan(wanted)
                planned += len(wanted)
        return planned

    def _networks(self) -> Iterator[NetworkId]:
        last: NetworkId | None = None
        while found := self.networks.ids(last, PAGE):
            yield from found
            last = found[-1]

    def _pages(self, network_id: NetworkId, first: datetime) -> Iterator[list[Change]]:
        """The changes since a time, the newest first."""
        before: Revision | None = None
        while page := self.changes.page(network_id, before, PAGE):
            yield [change for change in page if change.at >= first]
            if page[-1].at < first:
                return
            before = page[-1].revision
