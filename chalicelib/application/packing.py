"""How much goes into one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Room(Generic[Thing]):
    """So much of something there is, and so much of it each thing takes."""

    size: int
    taken_by: Callable[[Thing], int]


def fitting(things: Sequence[Thing], *rooms: Room[Thing]) -> Sequence[Thing]:
    """As many of them, from the first, as there is room for in each respect; one always fits."""
    left = [room.size for room in rooms]
    for count, thing in enumerate(things):
        left = [size - room.taken_by(thing) for size, room in zip(left, rooms, strict=True)]
        if count and min(left) < 0:
            return things[:count]
    return things
