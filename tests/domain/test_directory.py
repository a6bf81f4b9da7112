"""Networks of one deployment never overlap."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import CidrInUse, NetworkNameInUse, NetworksOverlap
from chalicelib.domain.ids import NetworkId, PeerId
from tests.builders import a_network

EMPTY = Directory(0, {}, ())


def test_an_overlap_names_the_other_network() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/16", name="office"))

    with pytest.raises(NetworksOverlap, match=r"10\.0\.3\.0/24 overlaps 10\.0\.0\.0/16 of network office"):
        directory.with_network(a_network("10.0.3.0/24", name="lab"))


def test_a_name_is_used_once() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24", name="lab"))

    with pytest.raises(NetworkNameInUse):
        directory.with_network(a_network("10.1.0.0/24", name="lab", id=NetworkId("net_other")))


def test_neighbours_do_not_overlap() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24", name="one"))

    assert len(directory.with_network(a_network("10.0.1.0/24", name="two")).networks) == 2


def test_ipv6_ranges_count_too() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24", "fd00::/48", name="one"))

    with pytest.raises(NetworksOverlap):
        directory.with_network(a_network("10.1.0.0/24", "fd00::/64", name="two"))


def test_a_cidr_behind_a_peer_touches_no_network() -> None:
    directory = EMPTY.with_network(a_network("10.0.0.0/24"))

    with pytest.raises(CidrInUse, match="network lab"):
        directory.with_routed(NetworkId("net_other"), PeerId("dyn_1"), (ip_network("10.0.0.0/8"),))


def test_two_networks_may_have_the_same_lan_behind_a_peer_but_one_network_may_not() -> None:
    lan = (ip_network("192.168.1.0/24"),)
    directory = EMPTY.with_routed(NetworkId("net_a"), PeerId("dyn_1"), lan)

    assert len(directory.with_routed(NetworkId("net_b"), PeerId("dyn_2"), lan).routed) == 2
    with pytest.raises(CidrInUse, match="dyn_1"):
        directory.with_routed(NetworkId("net_a"), PeerId("dyn_3"), lan)


def test_a_network_does_not_swallow_a_cidr_behind_a_peer() -> None:
    directory = EMPTY.with_routed(NetworkId("net_a"), PeerId("dyn_1"), (ip_network("192.168.1.0/24"),))

    with pytest.raises(NetworksOverlap, match="dyn_1"):
        directory.with_network(a_network("192.168.0.0/16"))


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(16, 24)), max_size=8))
def test_whatever_is_accepted_is_disjoint(asked: list[tuple[int, int]]) -> None:
    directory = EMPTY
    for n, (second, prefix) in enumerate(asked):
        cidr = str(ip_network(f"10.{second}.0.0/{prefix}"))
        try:
            directory = directory.with_network(a_network(cidr, name=f"n{n}"))
        except NetworksOverlap:
            continue
    taken = [cidr for entry in directory.networks.values() for cidr in entry.cidrs]

    assert not any(a.overlaps(b) for i, a in enumerate(taken) for b in taken[i + 1 :])
