"""A network that grows, shrinks, and hands out its addresses."""

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.network.addresses import (
    Reservation,
    Span,
    free_of,
    last_index,
)
from chalicelib.domain.network.errors import CidrDoesNotFit, ReservationsOverlap
from tests.builders import a_network
from tests.domain.network.test_addresses import SPANS


class Handing(RuleBasedStateMachine):
    """A network's memory of what it handed out, against plain sets."""

    def __init__(self) -> None:
        super().__init__()
        self.network = a_network("10.0.0.0/27")  # 30 usable
        self.held: set[int] = set()
        self.given: set[int] = set()

    @rule()
    def hand_out(self) -> None:
        spans = (*self.network.passed_over(), *self.network.fresh())
        index = next(free_of(spans, iter(sorted(self.held))), None)
        fresh = set(range(1, self.last + 1)) - self.given - self.held - self.reserved
        assert (index is None) is (not fresh)
        if index is not None:
            assert index in fresh
            looked_at = [Span(span.first, min(span.last, index)) for span in spans if span.first <= index]
            self.network = self.network.handed_out(index, looked_at)
            self.given.add(index)
            self.held.add(index)

    @rule(index=st.integers(1, 30))
    def take_explicitly(self, index: int) -> None:
        if self.network.is_assignable(index):
            self.held.add(index)

    @rule(span=SPANS)
    def reserve(self, span: Span) -> None:
        wanted = set(range(span.first, span.last + 1))
        if wanted & self.held:
            return
        if wanted & self.reserved:
            with pytest.raises(ReservationsOverlap):
                self.network.with_reservation(Reservation(span))
            return
        self.network = self.network.with_reservation(Reservation(span))

    @precondition(lambda self: self.network.reserved)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        span = data.draw(st.sampled_from([known.span for known in self.network.reserved]))
        self.network = self.network.without_reservation(span)

    @rule()
    def grow(self) -> None:
        self.network = self.network.readdressed(IPv4Network("10.0.0.0/26"), None, max(self.held, default=0))

    @invariant()
    def reserved_is_never_unused(self) -> None:
        spans = (*self.network.passed_over(), *self.network.fresh())
        unused = {index for span in spans for index in range(span.first, span.last + 1)}
        assert not unused & self.reserved

    @property
    def reserved(self) -> set[int]:
        return {index for one in self.network.reserved for index in range(one.span.first, one.span.last + 1)}

    @property
    def last(self) -> int:
        return last_index(self.network.cidr)


TestHanding = Handing.TestCase


@pytest.mark.parametrize(
    ("cidr", "cidr_v6", "grows"),
    [
        ("10.0.0.0/23", None, True),
        ("10.0.0.0/24", "fd00::/64", True),
        ("10.0.0.0/25", None, False),
        ("10.0.1.0/24", None, False),
    ],
)
def test_growing_in_place_keeps_every_address(cidr: str, cidr_v6: str | None, grows: bool) -> None:
    ranges = IPv4Network(cidr), None if cidr_v6 is None else IPv6Network(cidr_v6)

    assert a_network("10.0.0.0/24").grows_to(*ranges) is grows
    assert a_network("10.0.0.0/24", "fd00::/64").grows_to(*ranges) is (grows and cidr_v6 is not None)


def test_a_smaller_range_holds_the_highest_index_and_every_reservation() -> None:
    smaller = IPv4Network("10.0.0.0/25")
    network = a_network("10.0.0.0/24")

    assert network.readdressed(smaller, None, 126).cidr == smaller
    with pytest.raises(CidrDoesNotFit, match=r"10\.0\.0\.127"):
        network.readdressed(smaller, None, 127)
    with pytest.raises(CidrDoesNotFit, match="reserved"):
        network.with_reservation(Reservation(Span(126, 127))).readdressed(smaller, None, 0)
