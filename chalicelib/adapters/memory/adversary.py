"""What a real store does to its callers now and then, on purpose and repeatable."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Adversary:
    """Injects conflicts, and doubles and reorders what is delivered at least once, in no order.

    Args:
        seed: the same seed gives the same trouble.
        conflicts: share of commits that are refused as if another was first.
        doubles: share of messages delivered twice.
    """

    def __init__(self, seed: int = 0, conflicts: float = 0.0, doubles: float = 0.0) -> None:
        self._random = random.Random(seed)  # repeatable trouble, not secrets
        self._conflicts = conflicts
        self._doubles = doubles
        self.meanwhile: list[Callable[[], None]] = []

    def between_pages(self) -> None:
        """Called between two pages of a query: a test makes something happen there."""
        for happen in list(self.meanwhile):
            happen()

    def conflicts(self) -> bool:
        return self._random.random() < self._conflicts

    def deliveries(self, messages: Sequence[Item]) -> list[Item]:
        """At least once each, in any order."""
        delivered = [*messages, *(message for message in messages if self._random.random() < self._doubles)]
        if self._doubles:
            self._random.shuffle(delivered)
        return delivered
