"""Prefixes as sets of addresses: what may stand behind a peer, and what a network may be made of."""

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import (
    METADATA,
    NO_HOSTS,
    WIDEST,
    Cidr,
    contains,
    joined,
    overlaps,
    parse_cidr,
    parse_cidrs,
    without,
)
from chalicelib.domain.errors import Invalid
from chalicelib.domain.network.acl import parse_selector
from chalicelib.domain.network.addresses import parse_network_cidr, parse_network_cidr_v6

LISTED = "additional_allowed_ips"


@pytest.mark.parametrize(
    "text",
    [
        *("169.254.169.254/32", "169.254.0.0/16", "169.0.0.0/8", "127.0.0.0/8", "127.0.0.1/32", "224.0.0.0/4"),
        *("239.1.0.0/16", "255.255.255.255/32", "0.0.0.0/8", "0.0.0.0/32", "168.63.129.16/32", "168.63.0.0/16"),
        *("100.100.100.200/32", "100.64.0.0/10", "192.0.0.0/24", "::1/128", "::/128", "fe80::/10", "fe80::1/128"),
        *("ff02::/16", "fd00:ec2::254/128", "fd00::/16", "fd20:ce::/32", "::ffff:169.254.169.254/128"),
    ],
)
def test_what_no_other_machine_may_reach_stands_behind_no_peer(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_cidrs(LISTED, [text], at_most=4)

    assert refused.value.errors[0][0] == f"{LISTED}[0]"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *(("10.0.0.0/8", True), ("10.0.0.0/7", False), ("0.0.0.0/1", False), ("0.0.0.0/0", False)),
        *(("2001::/16", True), ("2000::/15", False), ("2000::/3", False), ("::/0", False), ("240.0.0.0/8", True)),
    ],
)
def test_halves_of_the_internet_are_full_encapsulation(text: str, fits: bool) -> None:
    if fits:
        assert parse_cidrs(LISTED, [text], at_most=1) == (ip_network(text),)
    else:
        with pytest.raises(Invalid, match="full_encapsulation"):
            parse_cidrs(LISTED, [text], at_most=1)


def test_all_that_is_wrong_with_a_list_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        parse_cidrs(LISTED, ["10.1.0.0/16", "127.0.0.0/8", "10.1.0.0/16", "x"], at_most=4)

    assert [field for field, _ in refused.value.errors] == [f"{LISTED}[1]", f"{LISTED}[2]", f"{LISTED}[3]"]


@given(st.sampled_from([*NO_HOSTS, *METADATA]), st.data())
def test_whatever_touches_a_barred_range_is_refused(barred: object, data: st.DataObject) -> None:
    cidr = ip_network(str(barred))
    address = cidr.network_address + data.draw(st.integers(0, cidr.num_addresses - 1))
    length = data.draw(st.integers(WIDEST[cidr.version], cidr.max_prefixlen))
    around = ip_network(f"{address}/{length}", strict=False)

    assert overlaps(around, cidr)
    with pytest.raises(Invalid):
        parse_cidrs(LISTED, [str(around)], at_most=1)


@pytest.mark.parametrize("parse", [parse_cidr, parse_selector])
def test_ipv4_written_as_ipv6_is_answered_with_ipv4(parse: object) -> None:
    mapped = f"{IPv6Address(0xFFFF_0000_0000 + int(ip_address('10.1.0.0')))}/112"

    with pytest.raises(Invalid, match=r"10\.1\.0\.0/16"):
        parse("cidr", mapped)  # type: ignore[operator]


@pytest.mark.parametrize("text", ["127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/8", "0.0.0.0/8", "168.63.129.0/24"])
def test_no_public_network_lies_where_no_host_is(text: str) -> None:
    with pytest.raises(Invalid):
        parse_network_cidr(text, allow_public=True)


def test_a_network_may_take_all_of_cgnat_and_no_address_of_a_clouds_metadata() -> None:
    assert parse_network_cidr("100.64.0.0/10", allow_public=False) == ip_network("100.64.0.0/10")
    with pytest.raises(Invalid, match="credentials"):
        parse_network_cidr_v6("fd00:ec2::/48")


def near_cidrs() -> st.SearchStrategy[Cidr]:
    """Few addresses, so that they meet: eight bits of either version."""

    def cidr(origin: str, length: int, at: int) -> Cidr:
        return ip_network(f"{origin}{at:x}/{length}" if ":" in origin else f"{origin}{at}/{length}", strict=False)

    v4 = st.builds(cidr, st.just("10.0.0."), st.integers(24, 32), st.integers(0, 255))
    v6 = st.builds(cidr, st.just("fd00::"), st.integers(120, 128), st.integers(0, 255))
    return st.one_of(v4, v6)


@given(st.lists(near_cidrs(), max_size=12))
def test_joined_prefixes_are_the_same_addresses_in_an_order_of_their_own(cidrs: list[Cidr]) -> None:
    found = joined(cidrs)

    assert all(any(contains(one, cidr) for one in found) for cidr in cidrs)
    assert [rest for one in found for rest in without(one, cidrs)] == []
    assert joined(found) == joined(cidrs[::-1]) == found


def test_neighbours_are_joined_only_where_they_are_the_two_halves_of_one() -> None:
    halves = [ip_network("10.0.0.0/25"), ip_network("10.0.0.128/25")]
    others = [ip_network("10.0.1.0/24"), ip_network("10.0.2.0/24")]

    assert joined([*halves, *others]) == (ip_network("10.0.0.0/23"), ip_network("10.0.2.0/24"))
    assert joined(others) == tuple(others)
