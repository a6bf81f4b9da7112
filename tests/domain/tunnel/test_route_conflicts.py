"""What may not stand behind a peer, under a network's domain, or in its tunnel."""

from ipaddress import ip_network

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.network.directory import Block, Directory, RangeTaken, blocks_of
from chalicelib.domain.network.errors import CidrInUse
from chalicelib.domain.tunnel.route_conflicts import (
    require_clear,
    require_domain_beside,
    require_mtu,
    require_name_outside,
)
from tests.builders import a_dynamic, a_jump, a_network

LAB = a_network("10.0.0.0/24", "fd00::/64")
NOTHING_TAKEN = Directory({key: Block(key) for key in blocks_of([ip_network("198.51.100.0/24")])})


@pytest.mark.parametrize("cidr", ["198.51.100.0/24", "198.51.100.9/32"])
def test_no_cidr_behind_a_peer_swallows_the_endpoint_of_a_jump(cidr: str) -> None:
    with pytest.raises(CidrInUse, match="endpoint of jump"):
        require_clear(a_dynamic(2, behind=(cidr,)), NOTHING_TAKEN, [a_jump(9)])


def test_no_jump_swallows_its_own_endpoint_whatever_was_stored_of_it() -> None:
    with pytest.raises(CidrInUse):
        require_clear(a_jump(9, behind=("198.51.100.0/24",)), NOTHING_TAKEN, [a_jump(9, endpoint="203.0.113.1")])


def test_a_jump_reached_by_name_or_elsewhere_is_in_nobodys_way() -> None:
    site = a_dynamic(2, behind=("198.51.100.0/24",))

    require_clear(site, NOTHING_TAKEN, [a_jump(9, endpoint="hub.example"), a_jump(10, endpoint="203.0.113.1")])


def test_an_endpoint_does_not_lie_in_a_network() -> None:
    taken = NOTHING_TAKEN.with_network(a_network("198.51.100.0/28", name="other"))

    with pytest.raises(RangeTaken):
        require_clear(a_jump(9), taken, [])
    require_clear(a_jump(9, endpoint="198.51.100.16"), taken, [])


@pytest.mark.parametrize(
    ("endpoint", "is_hidden"),
    [("lab.internal", True), ("hub.lab.internal", True), ("hub.lab.example", False), ("203.0.113.1", False)],
)
def test_names_under_a_networks_domain_are_its_peers_alone(endpoint: str, is_hidden: bool) -> None:
    if not is_hidden:
        require_name_outside(LAB, endpoint)
        require_domain_beside(LAB.domain, [endpoint])
        return
    with pytest.raises(Invalid, match=r"lab\.internal"):
        require_name_outside(LAB, endpoint)
    with pytest.raises(Invalid, match=r"lab\.internal"):
        require_domain_beside(LAB.domain, ["hub.example", endpoint])


def test_a_network_with_ipv6_has_packets_that_are_large_enough_for_it() -> None:
    require_mtu(LAB, a_dynamic(2, mtu=1280))
    require_mtu(a_network("10.0.0.0/24"), a_dynamic(2, mtu=1279))
    with pytest.raises(Invalid, match="1280"):
        require_mtu(LAB, a_dynamic(2, mtu=1279))
