"""Addresses and indexes."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.network.addresses import (
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
