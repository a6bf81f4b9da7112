"""Interfaces that lead out."""

from ipaddress import ip_network

import pytest

from agent.host.tunnel.nat_interfaces import nat_interfaces
from agent.host.tunnel.route_conflicts import HostRoutes
from tests.agent.host.firewall.policies import a_policy, an_exit


def a_host(**paths: str) -> HostRoutes:
    return HostRoutes(paths=frozenset((ip_network(prefix), name) for name, prefix in paths.items()))


ROUTES = a_host(
    eth0="0.0.0.0/0", eth1="172.20.0.0/16", eth2="172.20.9.0/24", eth3="172.16.0.0/12", wy00000002="10.8.0.0/16"
)


@pytest.mark.parametrize(
    ("cidr", "names"),
    [
        ("172.20.0.0/16", ("eth1", "eth2")),
        ("172.20.1.0/24", ("eth1",)),
        ("172.20.9.128/25", ("eth2",)),
        ("172.21.0.0/16", ("eth3",)),
        ("192.168.0.0/16", ("eth0",)),
        ("10.8.0.0/16", ()),
        ("fd05::/64", ()),
    ],
)
def test_an_exit_is_masqueraded_where_routes_lead_to_it_or_to_parts_of_it(cidr: str, names: tuple[str, ...]) -> None:
    assert nat_interfaces(a_policy(exits=(an_exit(cidr),)), ROUTES) == names


def test_the_default_routes_interface_is_masqueraded_only_when_somebody_may_go_to_the_internet() -> None:
    assert nat_interfaces(a_policy(internet=["10.9.0.2/32"]), ROUTES) == ("eth0",)
    assert nat_interfaces(a_policy(), ROUTES) == ()


def test_two_halves_of_the_internet_are_a_default_route() -> None:
    halves = a_host(tun0="0.0.0.0/1", eth0="0.0.0.0/0")

    assert nat_interfaces(a_policy(internet=["10.9.0.2/32"]), halves) == ("eth0", "tun0")


def test_a_routed_exit_needs_no_interface_and_a_named_one_is_taken() -> None:
    policy = a_policy(exits=(an_exit("172.20.0.0/16", is_masqueraded=False),))

    assert nat_interfaces(policy, ROUTES) == ()
    assert nat_interfaces(policy, ROUTES, named=("ppp0",)) == ("ppp0",)
