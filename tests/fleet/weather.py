"""The ways between agents and control plane, good or bad, repeatable."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass
class Weather:
    """Shares of what goes wrong. A frame may be lost, come twice, late or before an earlier one; a call may
    find nobody, or do its work and lose its answer."""

    random: random.Random
    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    broken_calls: float = 0.0
    _is_storm: bool = field(default=False)

    def storm(self) -> None:
        self.lost, self.doubled, self.late, self.broken_calls, self._is_storm = 0.15, 0.15, 0.2, 0.08, True

    def calm(self) -> None:
        self.lost, self.doubled, self.late, self.broken_calls, self._is_storm = 0.0, 0.0, 0.0, 0.0, False

    def carry(self, frames: Sequence[Item]) -> tuple[list[Item], list[Item]]:
        """What arrives now, in this order, and what is still under way."""
        arriving: list[Item] = []
        under_way: list[Item] = []
        for frame in frames:
            if self.random.random() < self.lost:
                continue
            (under_way if self.random.random() < self.late else arriving).append(frame)
            if self.random.random() < self.doubled:
                under_way.append(frame)
        if self._is_storm:
            self.random.shuffle(arriving)
        return arriving, under_way

    def breaks(self) -> bool:
        return self.random.random() < self.broken_calls
