"""Requests that may come again, over every engine."""

from dataclasses import replace

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import (
    SettleRequest,
)
from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.network.network import Network
from chalicelib.ports.transactions import ConditionFailed
from tests.builders import T0
from tests.contracts.stores import advance

ONCE = Replayable(PrincipalId("tok_1"), "key \N{SNOWMAN} #", "hash", "req_1", T0)


def test_an_attempt_stands_until_it_is_taken_over_or_forgotten(outside: Outside) -> None:
    second = replace(ONCE, attempt="req_2")
    assert outside.requests.begin(ONCE) is None
    assert outside.requests.begin(ONCE) is None
    assert outside.requests.begin(second) == ONCE
    assert outside.requests.begin(replace(ONCE, principal=PrincipalId("tok_2"))) is None

    assert outside.requests.take_over(ONCE, second) is True
    assert outside.requests.take_over(ONCE, second) is True
    assert outside.requests.take_over(ONCE, replace(ONCE, attempt="req_3")) is False
    outside.requests.forget(ONCE)
    assert outside.requests.begin(ONCE) == second
    outside.requests.forget(second)
    assert outside.requests.begin(ONCE) is None


def test_a_request_is_settled_with_its_work_and_once(outside: Outside, lab: Network) -> None:
    done = replace(ONCE, made=("dyn_1",), is_done=True)
    with pytest.raises(ConditionFailed):
        advance(outside, lab, SettleRequest(done))
    assert outside.networks.get(lab.id).revision == lab.revision
    outside.requests.begin(ONCE)

    lab = advance(outside, lab, SettleRequest(done))

    assert outside.requests.begin(replace(ONCE, attempt="req_2")) == done
    outside.requests.forget(done)
    with pytest.raises(ConditionFailed) as refused:
        advance(outside, lab, SettleRequest(done))
    assert isinstance(refused.value.write, SettleRequest)
