"""The host's own network is left alone, and no more than that."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host.prefixes import Prefix
from agent.host.tunnel.live import LivePeer
from agent.host.tunnel.route_conflicts import HostRoutes, Ip, sent_to, without_conflicts
from agent.host.tunnel.wanted import Endpoint, WantedTunnel, desired
from tests.agent.builders import a_bundle, a_peer, a_public_key

NET = ip_network
ANYWHERE = (NET("0.0.0.0/0"), "eth0")


def a_host(
    routes: Iterable[tuple[str, str]] = (),
    addresses: Iterable[str] = (),
    gateways: Iterable[str] = ("192.168.1.1",),
    resolvers: Iterable[str] = (),
) -> HostRoutes:
    """`routes`: prefix and interface; the default one is there."""
    paths = {(NET(prefix), name) for prefix, name in routes}
    return HostRoutes(
        subnets=frozenset(ip_interface(address).network for address in addresses),
        gateways=frozenset(map(ip_address, gateways)),
        paths=frozenset(paths | {ANYWHERE}),
        taken={prefix: f"dev {name}" for prefix, name in paths},
        addresses=frozenset(map(ip_interface, addresses)),
        resolvers=frozenset(map(ip_address, resolvers)),
    )


HOME = a_host([("192.168.1.0/24", "eth0")], ["192.168.1.5/24"])
OFFICE = a_host([("10.0.0.0/8", "eth0")], ["10.0.0.50/8"], ["10.0.0.1"], ["10.0.1.53"])
CLOUD = a_host(addresses=["172.31.1.2/32"], gateways=["172.31.1.1"])  # its gateway is in none of its subnets
ON_LINK = a_host([("172.31.1.1/32", "eth0")], ["172.31.1.2/32"], ["172.31.1.1"])


def routing(*prefixes: str, endpoint: str | None = None, resolvers: list[str] | None = None) -> WantedTunnel:
    peer = a_peer(allowed_ips=list(prefixes), endpoint=endpoint)
    return desired(a_bundle(peers=[peer], resolvers=resolvers))


def left_out(wanted: WantedTunnel, host: HostRoutes, *endpoints: str) -> list[str]:
    """The prefixes that a sentence is said of, once it is sure that these and no others are left out."""
    reduced, sentences = without_conflicts(wanted, host, map(ip_address, endpoints))
    found = [sentence.split()[0] for sentence in sentences]
    assert wanted.routes - reduced.routes == {NET(prefix) for prefix in found}
    return found


@pytest.mark.parametrize("prefix", ["192.168.1.0/24", "192.168.1.0/25", "192.168.1.0/29", "192.168.1.1/32"])
def test_the_hosts_subnet_and_what_holds_its_gateway_is_left_out(prefix: str) -> None:
    assert left_out(routing(prefix), HOME) == [prefix]


@pytest.mark.parametrize("prefix", ["192.168.0.0/16", "192.168.2.0/24", "192.168.1.128/25", "fd00::/64"])
def test_what_is_beside_around_or_a_harmless_part_of_the_hosts_subnet_goes_in(prefix: str) -> None:
    assert left_out(routing(prefix), HOME) == []


@pytest.mark.parametrize(
    ("prefix", "is_left_out"),
    [
        ("10.199.7.0/24", False),
        ("10.128.0.0/9", False),
        ("10.0.0.0/24", True),  # the gateway, and its own address
        ("10.0.0.48/30", True),  # its own address
        ("10.0.1.0/24", True),  # the resolver
        ("10.0.2.0/24", False),
        ("10.0.0.0/8", True),
    ],
)
def test_of_a_lan_as_large_as_all_of_ten_only_what_the_host_needs_is_left_out(prefix: str, is_left_out: bool) -> None:
    assert left_out(routing(prefix), OFFICE) == ([prefix] if is_left_out else [])


def test_the_tunnels_own_network_may_be_a_part_of_the_hosts() -> None:
    wanted = desired(a_bundle(addresses=["10.199.7.5/24"], peers=[]))

    assert without_conflicts(wanted, OFFICE) == (wanted, ())


def test_a_gateway_in_no_subnet_is_kept_unless_a_longer_route_leads_to_it() -> None:
    vpc = routing("172.31.0.0/16")

    assert left_out(vpc, CLOUD) == ["172.31.0.0/16"]
    assert left_out(vpc, ON_LINK) == []
    assert left_out(routing("172.31.1.1/32"), ON_LINK) == ["172.31.1.1/32"]


def test_a_resolver_is_kept_unless_a_longer_route_leads_to_it() -> None:
    far = replace(HOME, resolvers=frozenset({ip_address("10.0.0.53")}))
    routed = replace(far, paths=far.paths | {(NET("10.0.0.0/24"), "eth0")})

    assert left_out(routing("10.0.0.0/8"), far) == ["10.0.0.0/8"]
    assert left_out(routing("10.0.0.0/8"), routed) == []
    assert left_out(routing("10.1.0.0/16"), far) == []


def test_a_resolver_of_the_networks_own_is_none_of_the_hosts() -> None:
    asked = ["10.9.0.1", "172.20.0.53", "127.0.0.53"]
    host = replace(HOME, resolvers=frozenset(map(ip_address, asked)))

    assert left_out(routing("172.20.0.0/16", "127.0.0.0/16", resolvers=["172.20.0.53"]), host) == []


def test_a_route_of_the_hosts_to_just_that_prefix_stays_whatever_it_is() -> None:
    host = replace(HOME, taken={**HOME.taken, NET("10.50.0.0/16"): "unreachable"})

    _, (sentence,) = without_conflicts(routing("10.50.0.0/16"), host)

    assert left_out(routing("10.50.0.0/16", "10.50.0.0/17", "10.0.0.0/8"), host) == ["10.50.0.0/16"]
    assert sentence.startswith("10.50.0.0/16 has a route of this host's own (unreachable):")


def test_an_endpoint_is_kept_out_of_the_tunnel_it_carries() -> None:
    vpc = routing("172.31.0.0/16", endpoint="hub.example:51820")
    inside = replace(HOME, paths=HOME.paths | {(NET("172.31.0.0/20"), "eth0")})

    assert left_out(vpc, HOME, "172.31.4.5") == ["172.31.0.0/16"]
    assert left_out(vpc, inside, "172.31.4.5") == []
    assert left_out(vpc, HOME, "203.0.113.1") == []


def test_with_full_encapsulation_only_what_stays_beside_the_tunnel_is_told() -> None:
    wanted = replace(routing("172.31.0.0/16", "192.168.1.0/25"), is_full=True)

    reduced, sentences = without_conflicts(wanted, HOME, [ip_address("172.31.4.5")])

    assert reduced.routes == frozenset()
    assert [sentence.split()[0] for sentence in sentences] == ["192.168.1.0/25"]


def test_an_address_in_the_hosts_subnet_brings_no_route_to_it() -> None:
    wanted, conflicts = without_conflicts(desired(a_bundle(addresses=["192.168.1.77/24"], peers=[])), HOME)

    assert wanted.addresses == {ip_interface("192.168.1.77/32")}
    assert [sentence.split()[0] for sentence in conflicts] == ["192.168.1.0/24"]


def test_a_sentence_names_both_prefixes_the_address_and_the_way_out() -> None:
    _, (gateway,) = without_conflicts(routing("192.168.1.0/25"), replace(HOME, addresses=frozenset()))
    _, (own,) = without_conflicts(routing("192.168.1.4/30"), HOME)
    _, (endpoint,) = without_conflicts(routing("172.31.0.0/16"), HOME, [ip_address("172.31.4.5")])

    assert gateway == (
        "192.168.1.0/25 holds this host's gateway 192.168.1.1, which it reaches by 192.168.1.0/24 on eth0: a longer"
        " route of the host's own to that address lets it in (ip route add 192.168.1.1 dev …), or give one of the two"
        " another range"
    )
    assert own.startswith("192.168.1.4/30 holds this host's own address 192.168.1.5 of 192.168.1.0/24: ")
    assert endpoint.startswith(
        "172.31.0.0/16 holds a peer's endpoint 172.31.4.5, which it reaches by 0.0.0.0/0 on eth0"
    )


def test_endpoints_are_those_found_now_or_had_by_wireguard_or_written_in_the_bundle() -> None:
    endpoints = {"a": "a.example:1", "b": "b.example:2", "c": "203.0.113.3:3", "d": "d.example:4", "e": None}
    peers = [a_peer(name, [], endpoint=endpoint) for name, endpoint in endpoints.items()]
    live = {
        a_public_key(name): LivePeer(a_public_key(name), None, frozenset(), endpoint, 0)
        for name, endpoint in {"a": "10.0.0.1:1", "b": "[fd00::2]:2", "d": "unresolved", "e": "10.0.0.5:5"}.items()
    }

    found = sent_to(desired(a_bundle(peers=peers)), live, {Endpoint("a.example", 1): "203.0.113.1:1"})

    assert found == set(map(ip_address, ("203.0.113.1", "fd00::2", "203.0.113.3")))


PREFIXES = [NET(text) for text in ("10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.4/30", "10.1.0.0/16")]
HOSTS = [ip_address(text) for text in ("10.0.0.5", "10.0.0.77", "10.0.9.1", "10.1.0.1", "192.168.1.1")]
SUBSETS = st.sets(st.sampled_from(PREFIXES))


@given(SUBSETS, SUBSETS, st.sets(st.sampled_from(HOSTS)), st.sets(st.sampled_from(HOSTS)))
def test_whatever_the_host_reaches_by_itself_it_reaches_after_just_as_before(
    routes: set[Prefix], asked: set[Prefix], gateways: set[Ip], endpoints: set[Ip]
) -> None:
    """By the longest prefix, with the host's routes and those of the tunnel in one table."""
    host = a_host([(str(prefix), "eth0") for prefix in routes], gateways=map(str, gateways))
    reduced, _ = without_conflicts(routing(*map(str, asked)), host, endpoints)
    table = dict.fromkeys(reduced.routes, "wy") | dict(host.paths)

    for address in gateways | endpoints:
        assert table[max((one for one in table if address in one), key=lambda one: one.prefixlen)] == "eth0"
    assert reduced.routes.isdisjoint(routes)
