"""What a real store does to its callers now and then, on purpose and repeatable."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Adversary:
    """Injects conflicts and gaps, and doubles and reorders what is delivered at least once, in no order.

    Args:
        seed: the same seed gives the same trouble.
        conflicts: share of commits that are refused as if another was first.
        doubles: share of messages delivered twice.
        gaps: share of queries of the change log that leave one change out.
    """

    def __init__(self, seed: int = 0, conflicts: float = 0.0, doubles: float = 0.0, gaps: float = 0.0) -> None:
        self._random = random.Random(seed)  # repeatable trouble, not secrets
        self._conflicts = conflicts
        self._doubles = doubles
        self._gaps = gaps
        self.meanwhile: list[Callable[[], None]] = []

    def between_pages(self) -> None:
        """Called between two pages of a query: a test makes something happen there."""
        for happen in list(self.meanwhile):
            happen()

    def conflicts(self) -> bool:
        return self._random.random() < self._conflicts

    def log(self, found: Sequence[Item]) -> list[Item]:
        """What a query of the change log gives of what it found."""
        left = list(found)
        if left and self._random.random() < self._gaps:
            del left[self._random.randrange(len(left))]
        return left

    def deliveries(self, messages: Sequence[Item]) -> list[Item]:
        """At least once each, in any order."""
        delivered = [*messages, *(message for message in messages if self._random.random() < self._doubles)]
        if self._doubles:
            self._random.shuffle(delivered)
        return delivered
