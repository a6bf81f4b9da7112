"""The host's own network is left alone."""

from ipaddress import ip_address, ip_interface, ip_network

import pytest

from agent.tunnel.conflicts import HostRoutes, without_conflicts
from agent.tunnel.desired import desired
from tests.agent.builders import a_bundle, a_peer

HOME = HostRoutes(subnets=frozenset({ip_network("192.168.1.0/24")}), gateways=frozenset({ip_address("192.168.1.1")}))
CLOUD = HostRoutes(gateways=frozenset({ip_address("172.31.1.1")}))  # a gateway outside every subnet


@pytest.mark.parametrize("route", ["192.168.1.0/24", "192.168.1.128/25", "192.168.1.1/32"])
def test_a_route_into_the_hosts_subnet_is_left_out(route: str) -> None:
    wanted, conflicts = without_conflicts(desired(a_bundle(peers=[a_peer(allowed_ips=[route])])), HOME)

    assert wanted.routes == frozenset()
    assert conflicts == (route,)


@pytest.mark.parametrize("route", ["192.168.0.0/16", "192.168.2.0/24", "fd00::/64"])
def test_a_route_beside_or_around_the_hosts_subnet_stays(route: str) -> None:
    wanted, conflicts = without_conflicts(desired(a_bundle(peers=[a_peer(allowed_ips=[route])])), HOME)

    assert wanted.routes == {ip_network(route)}
    assert conflicts == ()


def test_a_route_that_would_catch_the_gateway_is_left_out() -> None:
    _, conflicts = without_conflicts(desired(a_bundle(peers=[a_peer(allowed_ips=["172.31.0.0/16"])])), CLOUD)

    assert conflicts == ("172.31.0.0/16",)


def test_an_address_in_the_hosts_subnet_brings_no_route_to_it() -> None:
    wanted, conflicts = without_conflicts(desired(a_bundle(addresses=["192.168.1.77/24"], peers=[])), HOME)

    assert wanted.addresses == {ip_interface("192.168.1.77/32")}
    assert conflicts == ("192.168.1.0/24",)
