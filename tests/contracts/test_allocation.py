"""Addresses that peers hold, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import (
    FreeAddress,
    TakeAddress,
)
from chalicelib.domain.network.addresses import Allocation, Span
from chalicelib.domain.network.network import Network
from chalicelib.ports.peer import Holding
from chalicelib.ports.transactions import ConditionFailed
from tests.builders import T0, a_dynamic, a_jump
from tests.contracts.stores import advance


def test_an_address_is_taken_once(outside: Outside, lab: Network) -> None:
    take = TakeAddress(lab.id, a_dynamic().id, Allocation(7))
    lab = advance(outside, lab, take)

    with pytest.raises(ConditionFailed) as refused:
        advance(outside, lab, replace(take, peer_id=a_jump().id))
    assert refused.value.write == replace(take, peer_id=a_jump().id)
    assert list(outside.allocations.taken(lab.id, Span(1, 20))) == [Holding(Allocation(7), a_dynamic().id)]
    assert list(outside.allocations.taken(lab.id, Span(8, 20))) == list(outside.allocations.taken(lab.id, Span(1, 6)))
    assert outside.allocations.get(lab.id, 7) == Allocation(7)
    assert outside.allocations.get(lab.id, 8) is None


def test_a_freed_address_is_quarantined_and_taken_again_only_as_it_was_freed(outside: Outside, lab: Network) -> None:
    for index in (7, 8):
        lab = advance(outside, lab, TakeAddress(lab.id, a_dynamic().id, Allocation(index)))
    lab = advance(outside, lab, FreeAddress(lab.id, 8, T0))
    lab = advance(outside, lab, FreeAddress(lab.id, 7, T0 + timedelta(microseconds=1)))

    later = T0 + timedelta(microseconds=1)
    assert [held.peer_id for held in outside.allocations.taken(lab.id, Span(1, 20))] == [None, None]
    assert list(outside.allocations.freed(lab.id)) == [Allocation(8, T0), Allocation(7, later)]
    assert list(outside.allocations.freed(lab.id, since=later)) == [Allocation(7, later)]
    with pytest.raises(ConditionFailed):
        advance(outside, lab, TakeAddress(lab.id, a_jump().id, Allocation(8)))
    with pytest.raises(ConditionFailed):
        advance(outside, lab, TakeAddress(lab.id, a_jump().id, Allocation(8, T0 + timedelta(days=1))))

    advance(outside, lab, TakeAddress(lab.id, a_jump().id, Allocation(8, T0)))
    assert list(outside.allocations.freed(lab.id)) == [Allocation(7, later)]


def test_the_highest_index_is_one_that_a_peer_holds(outside: Outside, lab: Network) -> None:
    assert outside.allocations.highest_held(lab.id) == 0
    for index in (7, 90):
        lab = advance(outside, lab, TakeAddress(lab.id, a_dynamic().id, Allocation(index)))
    advance(outside, lab, FreeAddress(lab.id, 90, T0))

    assert outside.allocations.highest_held(lab.id) == 7
