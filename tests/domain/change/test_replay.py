"""A request that comes again under its key: answered anew, done once, or told to wait."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.change.errors import KeyReused, RequestRunning
from chalicelib.domain.change.replay import LEASE, LIFETIME, Replayable
from chalicelib.domain.ids import PrincipalId
from tests.builders import T0

MOMENT = timedelta(microseconds=1)
FIRST = Replayable(PrincipalId("tok_1"), "key", "a request", "req_1", T0)
DONE = replace(FIRST, made=("dyn_1",), is_done=True)


def again(after: timedelta, request: str = "a request") -> Replayable:
    return replace(FIRST, attempt="req_2", request=request, started_at=T0 + after)


def test_what_was_done_is_not_done_again() -> None:
    assert not DONE.admits(again(MOMENT))
    assert not DONE.admits(again(LIFETIME - MOMENT))


def test_an_attempt_may_still_come_through_until_its_lease_is_over() -> None:
    with pytest.raises(RequestRunning):
        FIRST.admits(again(LEASE - MOMENT))
    assert FIRST.admits(again(LEASE))


@pytest.mark.parametrize("before", [FIRST, DONE], ids=["running", "done"])
def test_a_key_stands_for_one_request_as_long_as_it_is_kept(before: Replayable) -> None:
    with pytest.raises(KeyReused):
        before.admits(again(LIFETIME - MOMENT, "another request"))
    assert before.admits(again(LIFETIME, "another request"))
