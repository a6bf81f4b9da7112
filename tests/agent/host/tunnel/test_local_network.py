"""What a host of full encapsulation takes for its local network, whoever gave it its addresses."""

from ipaddress import ip_address, ip_network

import pytest

from agent.host.tunnel.local_network import LocalNetwork, is_local, local_network, origin_addresses
from agent.host.tunnel.wanted import WantedTunnel, desired
from tests.agent.builders import a_bundle, a_peer, a_public_key

LAN = ip_network("192.168.1.0/24")


def wanted(endpoint: str = "203.0.113.9:51820") -> WantedTunnel:
    hub = a_peer("hub", ["10.9.0.1/32", "0.0.0.0/0"], endpoint=endpoint)
    return desired(a_bundle(1, [hub], full_encapsulation=True, resolvers=["10.9.0.53"]))


@pytest.mark.parametrize(
    ("subnet", "expected"),
    [
        ("10.0.0.0/8", True),
        ("172.16.0.0/12", True),
        ("192.168.0.0/16", True),
        ("169.254.0.0/16", True),
        ("100.64.0.0/10", True),
        ("fd11::/48", True),
        ("fe80::/64", True),
        ("203.0.113.0/24", True),
        ("203.0.112.0/23", False),
        ("8.0.0.0/6", False),
        ("8.0.0.0/5", False),  # holds all of 10.0.0.0/8, and more
        ("192.168.0.0/15", False),
        ("0.0.0.0/1", False),
        ("2001:db8::/64", True),
        ("2001:db8::/63", False),
        ("fc00::/6", False),
    ],
)
def test_local_is_what_nobody_has_on_the_internet_or_one_subnets_worth(subnet: str, expected: bool) -> None:
    assert is_local(ip_network(subnet)) is expected


def test_what_is_no_local_network_is_left_out() -> None:
    made = local_network([LAN, ip_network("8.0.0.0/6")], wanted(), (), {})

    assert made == LocalNetwork(is_allowed=True, subnets=frozenset({LAN}))


@pytest.mark.parametrize(
    ("subnet", "never"),
    [
        ("203.0.113.0/24", "203.0.113.9"),  # where the jump is
        ("10.9.0.0/28", "10.9.0.1"),  # within the tunnel
        ("10.9.0.52/30", "10.9.0.53"),  # a resolver
        ("198.51.100.0/24", "198.51.100.7"),  # the control plane
    ],
)
def test_a_jump_a_resolver_and_the_control_plane_are_never_local(subnet: str, never: str) -> None:
    made = local_network([ip_network(subnet)], wanted(), [ip_address("198.51.100.7")], {})

    assert made == LocalNetwork(
        is_allowed=True, subnets=frozenset({ip_network(subnet)}), never=frozenset({ip_address(never)})
    )


@pytest.mark.parametrize(("seen", "never"), [({}, set()), ({"hub": "203.0.113.9:51820"}, {"203.0.113.9"})])
def test_a_jump_whose_endpoint_is_a_name_is_where_it_was_last_seen(seen: dict[str, str], never: set[str]) -> None:
    learned = {a_public_key(name): endpoint for name, endpoint in seen.items()}

    made = local_network([ip_network("203.0.113.0/24")], wanted("hub.example.org:51820"), (), learned)

    assert {str(address) for address in made.never} == never


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://198.51.100.7:8443", {"198.51.100.7"}),
        ("https://[2001:db8::7]", {"2001:db8::7"}),
        ("https://vpn.example.org", {"198.51.100.8", "2001:db8::8"}),
        ("https://other.example.org", set()),
    ],
)
def test_the_control_plane_is_where_its_origin_says_or_was_last(origin: str, expected: set[str]) -> None:
    known = {"vpn.example.org": ["198.51.100.8", "2001:db8::8", "not an address"]}

    assert {str(address) for address in origin_addresses(origin, known)} == expected
