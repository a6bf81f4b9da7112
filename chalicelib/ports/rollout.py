"""The store of how far changes have got."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from chalicelib.domain.change.rollout import Expected, Mark, Rollout
from chalicelib.domain.ids import NetworkId, PeerId, Revision


class RolloutStore(Protocol):
    """Which agents have to apply a revision, and how many are through with it; kept for a month."""

    def expect(self, network_id: NetworkId, concerned: Mapping[Revision, Expected], now: datetime) -> None:
        """Note whom each revision concerns; the same again is no more. 1 request a 25 revisions."""
        ...

    def rollouts(self, network_id: NetworkId, first: Revision, last: Revision) -> Mapping[Revision, Rollout]:
        """What is counted of each revision from one to another; one not planned, or that concerns nobody, is left out.

        1 request, and as much to read however many agents a revision concerns.
        """
        ...

    def concerned(self, network_id: NetworkId, revision: Revision) -> frozenset[PeerId]:
        """The many agents that a revision concerns; nobody when they are few."""
        ...

    def count(self, network_id: NetworkId, marks: Collection[Mark], now: datetime) -> None:
        """Count agents that are through with revisions, each once however often it is marked.

        1 transaction for up to 99 of one revision.
        """
        ...
