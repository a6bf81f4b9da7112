"""Packets through a real table in a real kernel, against the control plane's model of the policy and beyond it."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.host.firewall.policy import parse
from chalicelib.domain.network.acl import Protocol
from chalicelib.domain.tunnel import firewall as domain
from chalicelib.domain.tunnel.firewall import permits
from chalicelib.entrypoints.shapes.bundles import shown
from tests.agent.host.firewall.packets import (
    DESTINATION_UNREACHABLE,
    HUB,
    INTERNET,
    LAN_HOST,
    ROUTED_HOST,
    A,
    B,
    C,
    a_rule,
    goes,
    load,
)
from tests.agent.taps import ACK, SYN, TUNNEL, WIRE, Address, Jump, Packet, encoded
from tests.domain.populations import LANS, Population, populations

pytestmark = pytest.mark.root


ONLY_A_TO_B_80 = (
    a_rule("a", "b", protocol="tcp", ports=[(80, 80)]),
    a_rule("a", "b", protocol="udp", ports=[(80, 80)]),
    a_rule(action="deny"),
)


# ---- the model ------------------------------------------------------------------------------------


def a_host(population: Population, data: st.DataObject) -> Address:
    network = population.network
    cidrs = [cidr for cidr in (network.cidr, network.cidr_v6) if cidr is not None]
    elsewhere = [ip_network("198.51.100.0/24"), ip_network("10.77.0.0/16"), ip_network("2001:db8:5::/64")]
    cidr = data.draw(st.sampled_from([*cidrs, *cidrs, *LANS, *elsewhere]))
    return cidr.network_address + data.draw(st.sampled_from([2, 3, 4, 10, 11, 12, 13, 200]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(populations(with_rules=True), st.data())
def test_the_first_packet_of_a_flow_passes_where_the_model_permits_it(
    jump: Jump, population: Population, data: st.DataObject
) -> None:
    if not population.hubs:
        return
    hub = population.hubs[0]
    picture = population.bundle(hub)
    assert picture.firewall is not None
    jump.load(parse(shown(picture, 0, "").firewall))
    for _ in range(10):
        source, destination = a_host(population, data), a_host(population, data)
        if source.version != destination.version or HUB in (source, destination) or source == destination:
            continue
        protocol, port = data.draw(st.sampled_from([*Protocol])), data.draw(st.sampled_from([22, 80, 8005, 9]))
        way, came_by, leaves_by = data.draw(
            st.sampled_from([("through", TUNNEL, TUNNEL), ("leaving", TUNNEL, WIRE), ("entering", WIRE, TUNNEL)])
        )
        jump.route(destination, leaves_by)
        packet = Packet(source, destination, protocol.value, port)

        wanted = permits(
            picture.firewall,
            domain.Packet(source, destination, protocol, 0 if protocol is Protocol.ICMP else port),
            way,  # type: ignore[arg-type]
        )

        assert jump.passes(packet, came_by, leaves_by) is wanted, (way, packet)
        jump.inside.sh(f"ip route flush {destination}")


# ---- replies, and what is revoked -----------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_permission_is_of_one_way_and_of_its_replies(jump: Jump, protocol: str) -> None:
    load(jump, *ONLY_A_TO_B_80)
    there, back = Packet(A, B, protocol), Packet(B, A, protocol)

    assert goes(jump, there)
    assert goes(jump, there.answer())
    assert goes(jump, there.with_flags(ACK))
    assert not goes(jump, back)
    assert not goes(jump, replace(there, port=81))
    assert not goes(jump, Packet(A, C, protocol))


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_what_is_revoked_is_cut_at_once_both_ways(jump: Jump, protocol: str) -> None:
    load(jump)
    flow = Packet(A, B, protocol)
    assert goes(jump, flow)
    assert goes(jump, flow.answer())

    load(jump, a_rule("a", "b", "deny"))

    assert not goes(jump, flow.with_flags(ACK))
    assert goes(jump, Packet(B, A, protocol))  # the other way was not forbidden


def test_an_allowed_flow_goes_on_while_the_policy_is_replaced(jump: Jump) -> None:
    load(jump, *ONLY_A_TO_B_80)
    flow = Packet(A, B, "udp")
    assert goes(jump, flow)

    load(jump, a_rule("b", "a", "deny", protocol="icmp"), *ONLY_A_TO_B_80)

    assert goes(jump, flow.answer())
    assert goes(jump, flow)


def test_a_flow_that_came_from_another_hub_goes_on_whoever_speaks_first(jump: Jump) -> None:
    load(jump, *ONLY_A_TO_B_80)
    flow = Packet(A, B, "tcp", flags=ACK)

    assert goes(jump, flow.answer(ACK))
    assert goes(jump, flow)
    assert not goes(jump, Packet(B, A, "tcp", port=81, source_port=80))  # a bare SYN begins a flow
    assert not goes(jump, flow.answer(SYN))
    assert not goes(jump, Packet(B, A, "tcp", port=80, flags=ACK))  # and from another port it is no reply


def test_a_block_cuts_live_flows_and_its_end_lets_them_go_on(jump: Jump) -> None:
    load(jump)
    flow = Packet(A, B, "udp")
    assert goes(jump, flow)

    load(jump, blocked=[B])
    is_cut = not goes(jump, flow) and not goes(jump, flow.answer())
    load(jump)

    assert is_cut
    assert goes(jump, flow.answer())


def test_isolated_peers_talk_to_hubs_and_what_lies_behind_them(jump: Jump) -> None:
    load(jump, isolated=[A])

    assert not goes(jump, Packet(A, B))
    assert not goes(jump, Packet(B, A))
    assert not goes(jump, Packet(B, A, "tcp", flags=ACK))
    assert goes(jump, Packet(A, LAN_HOST), TUNNEL, WIRE)
    assert goes(jump, Packet(ROUTED_HOST, A), WIRE, TUNNEL)
    assert jump.pass_on(Packet(A, HUB, "tcp"), TUNNEL)


# ---- errors ---------------------------------------------------------------------------------------


def an_error(source: Address, about: Packet) -> Packet:
    return Packet(source, about.source, "icmp", DESTINATION_UNREACHABLE, payload=encoded(about))


def test_an_error_about_a_permitted_flow_comes_back_from_anywhere_on_its_way(jump: Jump) -> None:
    load(jump, *ONLY_A_TO_B_80)
    flow = Packet(A, B, "udp")
    jump.pass_on(flow, TUNNEL)

    assert goes(jump, an_error(B, flow))
    assert goes(jump, an_error(C, flow))
    assert not goes(jump, an_error(B, Packet(A, B, "udp")))  # of a flow that nobody saw
    load(jump, a_rule(action="deny"))
    assert not goes(jump, an_error(B, flow))


def test_an_error_of_the_internet_reaches_who_went_there(jump: Jump) -> None:
    load(jump, internet=[A])
    flow = Packet(A, INTERNET)
    jump.pass_on(flow, TUNNEL)
    outside = replace(flow, source=ip_address("203.0.113.10"))

    out = jump.pass_on(an_error(ip_address("192.0.2.1"), outside), WIRE)

    assert [seen.destination for seen in out.get(TUNNEL, [])] == [A]
