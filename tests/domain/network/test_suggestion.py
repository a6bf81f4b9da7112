"""Ranges that are suggested."""

from ipaddress import IPv4Network, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import overlaps
from chalicelib.domain.network.suggestion import prefix_for, suggestions


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
