"""Which prefix lies in which."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host.prefixes import EVERYTHING, Prefix, contains

PREFIXES = st.builds(
    lambda version, first, length: ip_network((first << (28 if version == 4 else 124), length + 1), strict=False),
    st.sampled_from([4, 6]),
    st.integers(1, 15),
    st.integers(0, 7),
)


@given(PREFIXES, PREFIXES)
def test_a_prefix_lies_in_another_when_all_its_addresses_do(outer: Prefix, inner: Prefix) -> None:
    is_inside = outer.version == inner.version and outer[0] <= inner[0] and inner[-1] <= outer[-1]  # type: ignore[operator]

    assert contains(outer, inner) is is_inside


@pytest.mark.parametrize("text", ["0.0.0.0/0", "10.9.0.1/32", "::/0", "fd00::/8"])
def test_everything_is_both_kinds_of_all(text: str) -> None:
    assert sum(contains(one, ip_network(text)) for one in EVERYTHING) == 1
