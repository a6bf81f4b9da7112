"""A bundle's firewall: parsed to what can be enforced, or refused."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import BundleRefused
from agent.host.firewall.policy import OWN_SETS, Policy, member, outermost, parse
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Exit, Firewall, Rule
from tests.agent.builders import a_bundle

CIDRS = st.builds(
    lambda number, length: ip_network((number, length), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32)
)


def a_rule(**fields: Any) -> Rule:
    return Rule(**{"source": None, "destination": None, "protocol": None, "ports": [], "action": "allow", **fields})


@pytest.mark.parametrize(
    "firewall",
    [
        Firewall(forward=True, sets={"hubs": ["10.9.0.1/24"]}),
        Firewall(forward=True, sets={"hubs": ["10.9.0.300"]}),
        Firewall(forward=True, sets={"hubs": ["fe80::1%eth0; }"]}),
        Firewall(forward=True, sets={'x"; } table inet y {': []}),
        Firewall(forward=True, sets={"": []}),
        Firewall(forward=True, rules=[a_rule(source="tag:nowhere")]),
        Firewall(forward=True, rules=[a_rule(ports=[(22, 22)])]),
        Firewall(forward=True, rules=[a_rule(protocol="icmp", ports=[(22, 22)])]),
        Firewall(forward=True, rules=[a_rule(protocol="tcp", ports=[(0, 22)])]),
        Firewall(forward=True, rules=[a_rule(protocol="tcp", ports=[(23, 22)])]),
        Firewall(forward=True, rules=[a_rule(protocol="tcp", ports=[(22, 65536)])]),
        Firewall(forward=True, exits=[Exit(cidr="172.20.0.1/16", masquerade=True)]),
        Firewall(forward=True, exits=[Exit(cidr="0.0.0.0/0", masquerade=True)]),
        Firewall(forward=True, exits=[Exit(cidr="172.20.0.0/16", masquerade=to) for to in (True, False)]),
    ],
)
def test_a_firewall_that_cannot_be_enforced_as_it_stands_is_refused(firewall: Firewall) -> None:
    with pytest.raises(BundleRefused):
        desired(a_bundle(firewall=firewall))


def test_the_sets_that_always_matter_are_there_without_being_named() -> None:
    assert parse(Firewall(forward=True)) == Policy()
    assert tuple(Policy().sets) == OWN_SETS


def test_what_nests_in_another_and_what_stands_twice_is_left_out() -> None:
    sets = {"hubs": ["10.9.0.1/32", "fd00::/64", "10.9.0.0/24", "10.9.1.0/24", "fd00::1/128", "10.9.0.0/24"]}

    parsed = parse(Firewall(forward=True, sets=sets))

    assert [one.element for one in parsed.sets["hubs"]] == ["10.9.0.0/24", "10.9.1.0/24", "fd00::/64"]


def test_ports_are_in_order_and_do_not_overlap() -> None:
    ports = [(443, 443), (80, 90), (85, 99), (100, 100), (22, 22), (1, 65535)]

    parsed = [parse(Firewall(forward=True, rules=[a_rule(protocol="tcp", ports=ports[:count])])) for count in (5, 6)]

    assert [policy.rules[0].ports for policy in parsed] == [((22, 22), (80, 100), (443, 443)), ((1, 65535),)]


@given(st.lists(CIDRS, max_size=30), st.integers(0, 2**32 - 1))
def test_the_outermost_hold_the_same_addresses_and_do_not_overlap(cidrs: list[Any], number: int) -> None:
    kept = [ip_network(one.element) for one in outermost(map(member, cidrs))]

    for address in (ip_address(number), *(cidr.broadcast_address for cidr in cidrs)):
        assert sum(address in cidr for cidr in kept) == any(address in cidr for cidr in cidrs)
