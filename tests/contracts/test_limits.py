"""Counting calls, over every engine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.identity.limits import WINDOW, Limit, counted
from tests.builders import T0

ANA = counted(Limit.WRITES, "usr_ana", T0)


def test_so_many_pass_in_a_minute_and_no_more(outside: Outside) -> None:
    assert [outside.limits.count(ANA, 3) for _ in range(5)] == [True, True, True, False, False]


def test_the_next_minute_another_subject_and_another_limit_are_counted_apart(outside: Outside) -> None:
    assert outside.limits.count(ANA, 1)

    assert outside.limits.count(counted(Limit.WRITES, "usr_ana", T0 + WINDOW), 1)
    assert outside.limits.count(counted(Limit.WRITES, "usr_bo", T0), 1)
    assert outside.limits.count(counted(Limit.REFUSALS, "usr_ana", T0), 1)
    assert not outside.limits.count(counted(Limit.WRITES, "usr_ana", T0 + timedelta(seconds=1)), 1)


def test_of_many_at_once_as_many_pass_as_may(shared_outside: Outside) -> None:
    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(lambda _: shared_outside.limits.count(ANA, 10), range(40)))

    assert passed.count(True) == 10
