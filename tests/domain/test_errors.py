"""Messages that name others stay of a size that people read."""

from collections.abc import Callable, Sequence

import pytest

from chalicelib.domain.errors import MOST_NAMES, Invalid, Refusal
from chalicelib.domain.network.errors import StaticPeersExist
from chalicelib.domain.peer.errors import FilesWouldBeVoid, FilesWouldBreak, JumpInUse, KeyNotHeld

MANY = [f"phone {n:03}" for n in range(100)]


@pytest.mark.parametrize(
    "refusal",
    [
        *(FilesWouldBreak, FilesWouldBeVoid, JumpInUse, KeyNotHeld),
        lambda names: StaticPeersExist(names, more=False),
        lambda names: Invalid([(name, "is wrong") for name in names]),
    ],
)
def test_a_refusal_names_some_and_says_how_many_more_there_are(refusal: Callable[[Sequence[str]], Refusal]) -> None:
    text, few = str(refusal(MANY)), str(refusal(MANY[:MOST_NAMES]))

    assert [name for name in MANY if name in text] == MANY[:MOST_NAMES]
    assert f"and {len(MANY) - MOST_NAMES} others" in text
    assert "others" not in few
