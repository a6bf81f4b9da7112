"""Addresses and indexes."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ipam import (
    address_at,
    index_of,
    last_index,
    next_free,
    parse_network_cidr,
    parse_network_cidr_v6,
)

LAB = IPv4Network("10.0.0.0/24")


def test_host_bits_are_refused_with_the_corrected_cidr() -> None:
    with pytest.raises(Invalid, match=r"Did you mean 10\.9\.0\.0/24"):
        parse_network_cidr("10.9.0.7/24", allow_public=False)


@pytest.mark.parametrize(
    "text", ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/24", "::/0", "fd00::/64", "10.0.0.0/24\n", "x"]
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


@pytest.mark.parametrize("text", ["2001:db8::/64", "fd00::/47", "fd00::/113", "10.0.0.0/24"])
def test_an_ipv6_range_is_a_ula_of_48_to_112(text: str) -> None:
    with pytest.raises(Invalid):
        parse_network_cidr_v6(text, LAB)


def test_an_ipv6_range_has_room_for_every_ipv4_host() -> None:
    with pytest.raises(Invalid, match="fewer addresses"):
        parse_network_cidr_v6("fd00::/112", IPv4Network("10.0.0.0/8"))


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


@given(st.sets(st.integers(1, 14)), st.integers(1, 15))
def test_the_next_free_index_is_the_lowest_untaken_from_the_cursor(taken: set[int], cursor: int) -> None:
    cidr = IPv4Network("10.0.0.0/28")
    free = [index for index in range(cursor, 15) if index not in taken]

    chosen = next_free(cidr, cursor, sorted(index for index in taken if index >= cursor))

    assert chosen == (free[0] if free else None)


def test_network_and_broadcast_are_never_handed_out() -> None:
    assert address_at(LAB, 1) == IPv4Address("10.0.0.1")
    assert next_free(LAB, last_index(LAB) + 1, []) is None
