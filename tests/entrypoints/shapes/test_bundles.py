"""Addresses in bundles read as everywhere else, though they are written another way."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import Address
from chalicelib.entrypoints.shapes.bundles import shown, text_of
from tests.domain.populations import Population, populations

HEXTETS = st.sampled_from([0, 0, 0, 1, 0xFFFF])


@given(st.ip_addresses() | st.lists(HEXTETS, min_size=8, max_size=8).map(lambda some: _joined(some)))
def test_an_address_is_written_as_python_writes_it(address: Address) -> None:
    assert text_of(address) == str(address)


@pytest.mark.parametrize(
    "text", ["::", "::1", "::192.0.2.1", "::ffff:192.0.2.1", "0:0:0:0:1::", "1:0:0:2:0:0:0:3", "fd00::1:0:0:0:1"]
)
def test_an_ipv6_address_with_an_ipv4_address_or_two_gaps_is_too(text: str) -> None:
    assert text_of(IPv6Address(text)) == str(IPv6Address(text))


def test_an_ipv4_address_is_too() -> None:
    assert text_of(IPv4Address("10.0.0.1")) == "10.0.0.1"


@given(populations())
def test_a_regular_peer_is_told_what_lies_behind_it_and_forwards_nothing_for_others(population: Population) -> None:
    for peer in population.regular:
        firewall = shown(population.bundle(peer), 0, "").firewall

        assert not firewall.forward
        assert [ip_network(way.cidr) for way in firewall.exits] == list(peer.additional_allowed_ips)
        assert not any(way.masquerade for way in firewall.exits)
        assert (firewall.sets, firewall.rules) == ({}, [])


def _joined(hextets: list[int]) -> IPv6Address:
    return IPv6Address(sum(part << 16 * place for place, part in enumerate(hextets)))
