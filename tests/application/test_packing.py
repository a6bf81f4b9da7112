"""How many of them go into one transaction."""

import pytest

from chalicelib.application.packing import Room, fitting


@pytest.mark.parametrize(
    ("sizes", "room", "count"),
    [
        ([], 10, 0),
        ([5, 5], 10, 2),
        ([5, 6], 10, 1),
        ([5, 6, 1], 10, 1),
        ([11, 1], 10, 1),
        ([11], 10, 1),
        ([0, 0, 0], 0, 3),
    ],
)
def test_as_many_fit_as_there_is_room_for_and_always_one(sizes: list[int], room: int, count: int) -> None:
    assert fitting(sizes, Room(room, lambda size: size)) == sizes[:count]


def test_there_is_room_in_every_respect_or_none() -> None:
    items: Room[str] = Room(3, lambda _: 1)
    size_bytes: Room[str] = Room(8, len)

    assert fitting(["ab", "cd", "ef", "gh"], items, size_bytes) == ["ab", "cd", "ef"]
    assert fitting(["ab", "cdefghi"], items, size_bytes) == ["ab"]
