"""The proof that a change is in force: how many have to apply it, how many have, and how long it took.

Counted when agents report, never by reading what each of them said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from chalicelib.domain.ids import PeerId, Revision

MS = timedelta(milliseconds=1)
FEW = 25  # agents whose ids stand beside the count itself
DIGITS = 2  # that are kept of the milliseconds an agent took, so that few different ones are counted


@dataclass(frozen=True, slots=True)
class Expected:
    """The agents that a revision concerns, and when it was made."""

    agents: frozenset[PeerId]
    at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """An agent is through with a revision: it applied it so long after its commit, None: it is gone."""

    peer_id: PeerId
    revision: Revision
    took: timedelta | None

    @classmethod
    def applied(cls, peer_id: PeerId, revision: Revision, made_at: datetime, at: datetime) -> Self:
        return cls(peer_id, revision, max(at - made_at, timedelta(0)))


@dataclass(frozen=True, slots=True)
class Rollout:
    """Of one revision, made at a time: how many agents it concerned, have applied it, and are gone without.

    `took`: how many took so many milliseconds, see `kept_ms`. `few`: who is concerned, None when there are
    more than FEW.
    """

    at: datetime
    concerned: int
    applied: int = 0
    gone: int = 0
    took: Mapping[int, int] = field(default_factory=dict)
    few: frozenset[PeerId] | None = None

    @property
    def agents(self) -> int:
        """How many have to apply it or have: those that are gone need not."""
        return self.concerned - self.gone

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to apply it."""
        return self.applied < self.agents

    @property
    def median_ms(self) -> int | None:
        """The lower one; None without any."""
        left = (sum(self.took.values()) - 1) // 2
        for ms, agents in sorted(self.took.items()):
            if left < agents:
                return ms
            left -= agents
        return None

    @property
    def longest_ms(self) -> int | None:
        return max(self.took, default=None)

    def with_marks(self, marks: Iterable[Mark]) -> "Rollout":
        """With more agents counted; who calls sees to it that each is once."""
        took = dict(self.took)
        applied, gone = self.applied, self.gone
        for mark in marks:
            if mark.took is None:
                gone += 1
            else:
                applied += 1
                took[kept_ms(mark.took)] = took.get(kept_ms(mark.took), 0) + 1
        return Rollout(self.at, self.concerned, applied, gone, took, self.few)


def kept_ms(took: timedelta) -> int:
    """Milliseconds, cut to DIGITS significant digits."""
    ms = took // MS
    scale = 10 ** max(len(str(ms)) - DIGITS, 0)
    return int(ms // scale * scale)
