"""How far a change is: counted from marks, without asking any agent."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.change.rollout import Mark, Rollout, kept_ms
from chalicelib.domain.ids import PeerId, Revision
from tests.builders import T0

MS = timedelta(milliseconds=1)


def mark(ms: int | None) -> Mark:
    return Mark(PeerId("dyn_1"), Revision(2), None if ms is None else ms * MS)


def test_a_change_is_open_until_everyone_applied_it_or_is_gone() -> None:
    rollout = Rollout(T0, concerned=3)

    halfway = rollout.with_marks([mark(10), mark(None)])
    done = halfway.with_marks([mark(30)])

    assert (halfway.applied, halfway.agents, halfway.is_open) == (1, 2, True)
    assert (done.applied, done.agents, done.is_open) == (2, 2, False)
    assert (done.median_ms, done.longest_ms) == (10, 30)


def test_without_anybody_through_there_is_no_time() -> None:
    nobody = Rollout(T0, concerned=1).with_marks([mark(None)])

    assert (nobody.median_ms, nobody.longest_ms, nobody.is_open) == (None, None, False)


def test_a_clock_that_is_behind_makes_no_time_negative() -> None:
    assert Mark.applied(PeerId("dyn_1"), Revision(2), T0, T0 - MS).took == timedelta(0)


@pytest.mark.parametrize(("ms", "kept"), [(0, 0), (9, 9), (99, 99), (101, 100), (1299, 1200), (98765, 98000)])
def test_a_time_is_kept_to_two_digits(ms: int, kept: int) -> None:
    assert kept_ms(ms * MS) == kept


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=40))
def test_the_median_is_the_lower_of_those_in_the_middle(times: list[int]) -> None:
    rollout = Rollout(T0, concerned=len(times)).with_marks(map(mark, times))

    assert rollout.median_ms == sorted(kept_ms(ms * MS) for ms in times)[(len(times) - 1) // 2]
