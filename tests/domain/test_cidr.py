"""Prefixes as sets of addresses."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import Cidr, contains, joined, without


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
