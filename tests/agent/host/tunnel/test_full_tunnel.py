"""What full encapsulation asks of a host: its routes, its rules, and the seal."""

from ipaddress import ip_address, ip_network

import pytest

from agent.host.tunnel.full_tunnel import PolicyRoute, lines, seal, ways
from agent.host.tunnel.local_network import LocalNetwork
from agent.host.tunnel.rollback import restored
from agent.host.tunnel.wanted import desired
from tests.agent.builders import a_bundle, a_public_key
from tests.agent.encapsulated import full


def test_without_full_encapsulation_there_is_nothing_to_route() -> None:
    assert ways(desired(a_bundle()), has_ipv6=True) == frozenset()


@pytest.mark.parametrize(("address", "piece"), [("fd00:9::2/64", "tunnel"), (None, "nowhere")])
def test_ipv6_goes_into_a_tunnel_that_has_it_and_else_nowhere(address: str | None, piece: str) -> None:
    bundle = a_bundle(peers=[], addresses=["10.9.0.2/24", *([address] if address else [])], full_encapsulation=True)

    made = ways(desired(bundle), has_ipv6=True)

    assert {way.piece for way in made if way.version == 6} == {"own_first", "else_tunnel", "nowhere", piece}
    assert {way.piece for way in made if way.version == 4} == {"own_first", "else_tunnel", "nowhere", "tunnel"}


def test_a_kernel_without_ipv6_is_asked_for_none() -> None:
    assert {way.version for way in ways(desired(full(1)), has_ipv6=False)} == {4}


def test_nothing_changed_is_no_line_and_the_table_is_filled_before_it_is_used() -> None:
    after = ways(desired(full(1)), has_ipv6=False)

    assert lines(after, after, 4, "wy1") == []
    assert [line.split()[:2] for line in lines((), after, 4, "wy1")] == [
        ["route", "replace"],
        ["route", "replace"],
        ["rule", "add"],
        ["rule", "add"],
    ]
    assert lines(after, (), 4, "wy1")[-1].startswith("route delete default dev wy1")


def test_a_tunnel_that_gets_addresses_of_a_family_is_a_route_before_the_one_to_nowhere() -> None:
    changed = lines([PolicyRoute(6, "nowhere")], [PolicyRoute(6, "nowhere"), PolicyRoute(6, "tunnel")], 6, "wy1")

    assert changed == ["route replace default dev wy1 metric 1 table 22361 proto kernel"]


def test_names_are_asked_of_the_first_resolver_of_each_family_alone() -> None:
    table = seal("wy1", LocalNetwork(), [ip_address("10.9.0.1"), ip_address("10.9.0.9"), ip_address("fd00:9::1")])

    assert "dnat ip to 10.9.0.1" in table.chains
    assert "dnat ip6 to fd00:9::1" in table.chains
    assert "10.9.0.9" not in table.chains


def test_another_local_network_is_an_element_more() -> None:
    nets = (LocalNetwork(subnets=frozenset({ip_network(f"192.168.{n}.0/24")})) for n in (1, 2))
    before, after = (seal("wy1", net, []) for net in nets)

    assert after.has_shape_of(before)
    assert after.sets["local_v4"] == {"192.168.2.0/24"}


def test_a_rollback_of_full_encapsulation_gives_the_good_routes_back_and_opens_the_host() -> None:
    good = desired(full(1, ["10.9.0.0/24", "172.20.0.0/16"], is_full=False))

    made = restored(good, desired(full(2)))

    assert (made.is_full, made.routes) == (False, good.routes)
    assert made.sections[a_public_key("hub")].allowed_ips == {ip_network("10.9.0.0/24"), ip_network("172.20.0.0/16")}


def test_a_rollback_never_brings_full_encapsulation_back() -> None:
    new = desired(full(2, ["10.9.0.0/24"], is_full=False))

    assert restored(desired(full(1)), new) == new
