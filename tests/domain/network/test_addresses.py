"""Addresses and indexes."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.cidr import overlaps
from chalicelib.domain.errors import Invalid
from chalicelib.domain.network.addresses import (
    Reservation,
    Span,
    address_at,
    capacity,
    free_of,
    index_of,
    last_index,
    parse_network_cidr,
    parse_network_cidr_v6,
    require_room,
    subtract,
    united,
)
from chalicelib.domain.network.errors import CidrDoesNotFit, ReservationsOverlap
from chalicelib.domain.network.suggestion import prefix_for, suggestions
from tests.builders import a_network

LAB = IPv4Network("10.0.0.0/24")


def test_host_bits_are_refused_with_the_corrected_cidr() -> None:
    with pytest.raises(Invalid, match=r"Did you mean 10\.9\.0\.0/24"):
        parse_network_cidr("10.9.0.7/24", allow_public=False)


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/24", "::/0", "fd00::/64", "10.0.0.0/24\n", "x", "10.0.0.0/255.255.255.0"],
)
def test_what_is_no_ipv4_cidr_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_network_cidr(text, allow_public=False)


@pytest.mark.parametrize(
    ("text", "fits"), [("10.0.0.0/8", True), ("10.0.0.0/7", False), ("10.0.0.0/30", True), ("10.0.0.0/31", False)]
)
def test_the_prefix_length_is_8_to_30(text: str, fits: bool) -> None:
    if fits:
        assert str(parse_network_cidr(text, allow_public=True)) == text
    else:
        with pytest.raises(Invalid):
            parse_network_cidr(text, allow_public=True)


def test_a_public_range_takes_a_word_of_consent() -> None:
    with pytest.raises(Invalid, match="allow_public"):
        parse_network_cidr("198.51.100.0/24", allow_public=False)

    assert parse_network_cidr("198.51.100.0/24", allow_public=True) == IPv4Network("198.51.100.0/24")


@pytest.mark.parametrize(
    "text",
    [
        "2001:db8::/64",
        "fd00::/47",
        "fd00::/113",
        "10.0.0.0/24",
        "fd00::%1/64",
        "fd00::%x\nPostUp = id/64",  # a zone may hold any text
    ],
)
def test_an_ipv6_range_is_a_ula_of_48_to_112(text: str) -> None:
    with pytest.raises(Invalid):
        parse_network_cidr_v6(text)


def test_an_ipv6_range_has_room_for_every_ipv4_host() -> None:
    with pytest.raises(Invalid, match="fewer addresses"):
        require_room(IPv4Network("10.0.0.0/8"), IPv6Network("fd00::/112"))
    require_room(IPv4Network("10.0.0.0/16"), IPv6Network("fd00::/112"))


@given(st.integers(8, 30), st.data())
def test_every_handed_out_index_is_a_host_address_and_back(prefix: int, data: st.DataObject) -> None:
    cidr = IPv4Network((0x0A000000, prefix))
    index = data.draw(st.integers(1, last_index(cidr)))

    address = address_at(cidr, index)

    assert address in cidr
    assert address not in (cidr.network_address, cidr.broadcast_address)
    assert index_of(cidr, str(address)) == index


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.255", "10.0.1.1", "fd00::1", "", "10.0.0.1/24"])
def test_what_is_no_host_address_of_the_network_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        index_of(LAB, text)


def test_network_and_broadcast_are_never_handed_out() -> None:
    [span] = a_network("10.0.0.0/24").fresh()

    assert (address_at(LAB, span.first), address_at(LAB, span.last)) == (
        IPv4Address("10.0.0.1"),
        IPv4Address("10.0.0.254"),
    )


SPANS = st.tuples(st.integers(1, 30), st.integers(0, 8)).map(lambda at: Span(at[0], min(30, at[0] + at[1])))


@given(st.lists(SPANS, max_size=4).map(united), st.sets(st.integers(1, 30)))
def test_what_is_free_is_what_is_not_taken_in_order(spans: tuple[Span, ...], taken: set[int]) -> None:
    asked = [index for span in spans for index in range(span.first, span.last + 1)]

    assert list(free_of(spans, iter(sorted(taken)))) == [index for index in asked if index not in taken]


@given(SPANS, st.lists(SPANS, max_size=5))
def test_spans_are_sets_of_indexes(span: Span, holes: list[Span]) -> None:
    taken = {index for hole in holes for index in range(hole.first, hole.last + 1)}

    left = subtract(span, holes)
    merged = united(holes)

    assert [index for piece in left for index in range(piece.first, piece.last + 1)] == [
        index for index in range(span.first, span.last + 1) if index not in taken
    ]
    assert {index for piece in merged for index in range(piece.first, piece.last + 1)} == taken
    assert all(one.last + 1 < other.first for one, other in pairwise(merged))


@given(st.lists(SPANS, max_size=3), st.integers(0, 5), st.sets(st.integers(1, 40)))
def test_the_parts_of_a_capacity_are_the_whole(spans: list[Span], allocated: int, waiting: set[int]) -> None:
    counted = capacity(IPv4Network("10.0.0.0/26"), united(spans), allocated, waiting)

    assert counted.usable == 62
    assert counted.allocated + counted.reserved + counted.quarantined + counted.available == counted.usable
    assert counted.reserved == sum(span.size for span in united(spans))


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


# ---- suggestions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("peers", "prefix"), [(1, 30), (2, 30), (3, 29), (6, 29), (7, 28), (254, 24), (255, 23)])
def test_the_smallest_prefix_that_fits(peers: int, prefix: int) -> None:
    assert prefix_for(peers) == prefix


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(20, 30)), max_size=8), st.integers(1, 500))
def test_a_suggestion_fits_is_aligned_and_overlaps_nothing(asked: list[tuple[int, int]], peers: int) -> None:
    base = IPv4Network("10.0.0.0/22")
    taken = [ip_network(f"10.0.{third % 4}.{third}/{prefix}", strict=False) for third, prefix in asked]

    found = suggestions([base], peers, taken, 3)

    assert all(cidr.subnet_of(base) and cidr.num_addresses - 2 >= peers for cidr in found)
    assert not any(overlaps(cidr, other) for cidr in found for other in taken)
    assert not any(one.overlaps(other) for one, other in pairwise(found))
    free = [net for net in base.subnets(new_prefix=prefix_for(peers)) if not any(overlaps(net, t) for t in taken)]
    assert found == free[:3]


def test_a_full_base_suggests_nothing() -> None:
    assert suggestions([IPv4Network("10.0.0.0/24")], 200, [IPv4Network("10.0.0.7/32")], 3) == []
    assert suggestions([IPv4Network("10.0.0.0/24")], 300, [], 3) == []
