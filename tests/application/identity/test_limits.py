"""Who calls too often is told when to come back, and costs nothing more meanwhile."""

from datetime import timedelta

import pytest

from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.identity.limits import MOST_REMEMBERED, Limits
from chalicelib.domain.identity.errors import TooManyRequests
from chalicelib.domain.identity.limits import Counted, Limit

TWO = dict.fromkeys(Limit, 2)


class Counting:
    """A store that counts how often it is asked."""

    def __init__(self, outside: MemoryOutside) -> None:
        self.asked, self._store = 0, outside.limits

    def count(self, counted: Counted, most: int) -> bool:
        self.asked += 1
        return self._store.count(counted, most)


def limits(outside: MemoryOutside) -> tuple[Limits, Counting]:
    store = Counting(outside)
    return Limits(store, TWO, outside.clock), store


def refusal(of: Limits, subject: str = "ana") -> TooManyRequests:
    with pytest.raises(TooManyRequests) as refused:
        of.require(Limit.WRITES, subject)
    return refused.value


@pytest.mark.parametrize(("passed_s", "later_s"), [(0, 60), (0.5, 60), (59, 1), (59.9, 1)])
def test_who_is_over_comes_back_with_the_next_minute(passed_s: float, later_s: int) -> None:
    outside = MemoryOutside()
    of, _ = limits(outside)
    outside.clock.advance(timedelta(seconds=60 - outside.clock.now().second + passed_s))
    for _ in range(2):
        of.require(Limit.WRITES, "ana")

    told = refusal(of)

    assert (told.retry_after_s, "2 calls" in str(told)) == (later_s, True)
    outside.clock.advance(timedelta(seconds=later_s))
    of.require(Limit.WRITES, "ana")


def test_one_who_is_over_hinders_nobody_else() -> None:
    of, _ = limits(MemoryOutside())
    for _ in range(2):
        of.require(Limit.WRITES, "ana")
    refusal(of)

    of.require(Limit.WRITES, "bo")


def test_who_is_known_to_be_over_costs_no_more_requests() -> None:
    of, store = limits(MemoryOutside())
    for _ in range(2):
        of.require(Limit.WRITES, "ana")
    for _ in range(10):
        refusal(of)

    assert store.asked == 3


def test_what_a_process_remembers_is_bounded() -> None:
    of, _ = limits(MemoryOutside())
    for number in range(MOST_REMEMBERED + 10):
        for _ in range(2):
            of.require(Limit.WRITES, str(number))
        refusal(of, str(number))

    assert len(of._over) <= MOST_REMEMBERED
