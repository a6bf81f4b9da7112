"""When an answer says to ask again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from time import time

import pytest

from agent.adapters.control_plane.retry_after import retry_after_s

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("said", "seconds"), [("0", 0), ("1", 1), (" 120 ", 120), ("9" * 400, float("inf"))])
@pytest.mark.parametrize("name", ["Retry-After", "retry-after"])
def test_seconds_are_taken_by_any_case_of_the_name(name: str, said: str, seconds: float) -> None:
    assert retry_after_s({name: said}) == seconds


@pytest.mark.parametrize("seconds", [0, 90])
def test_a_date_counts_by_the_clock_of_the_answer(seconds: int) -> None:
    later = format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)

    assert retry_after_s({"Date": format_datetime(NOON, usegmt=True), "Retry-After": later}) == seconds


def test_a_date_without_a_clock_counts_by_our_own() -> None:
    told_s = retry_after_s({"Retry-After": formatdate(time() + 100, usegmt=True)})

    assert told_s is not None
    assert 90 < told_s <= 100


def test_a_date_that_has_passed_is_now() -> None:
    past = format_datetime(NOON - timedelta(seconds=5), usegmt=True)

    assert retry_after_s({"Date": format_datetime(NOON, usegmt=True), "Retry-After": past}) == 0


@pytest.mark.parametrize("said", ["", "soon", "-1", "1.5", "1e3", "²", "Wed, 99 Foo 2026 12:00:00 GMT"])
def test_what_cannot_be_read_says_nothing(said: str) -> None:
    assert retry_after_s({"Retry-After": said}) is None


def test_no_header_says_nothing() -> None:
    assert retry_after_s({"Date": formatdate(usegmt=True)}) is None
