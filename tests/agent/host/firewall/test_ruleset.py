"""Packets through a real table in a real kernel, against the control plane's model of the policy and beyond it."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.host.firewall.policy import parse
from chalicelib.domain.network.acl import Protocol
from chalicelib.domain.tunnel import firewall as domain
from chalicelib.domain.tunnel.firewall import permits
from chalicelib.entrypoints.shapes.bundles import shown
from chalicelib.wire.bundle import Exit, Firewall, Rule
from tests.agent.namespace import Namespace
from tests.agent.taps import (
    ACK,
    OTHER_TUNNEL,
    OTHER_WIRE,
    RST,
    SYN,
    TUNNEL,
    WIRE,
    Address,
    Jump,
    Packet,
    a_jump,
    encoded,
)
from tests.domain.populations import LANS, Population, populations

pytestmark = pytest.mark.root

A, B, C = (ip_address(f"10.0.0.{number}") for number in (12, 13, 14))
HUB = ip_address("10.0.0.1")
LAN_HOST, ROUTED_HOST = ip_address("192.168.77.9"), ip_address("172.21.0.9")
INTERNET = ip_address("198.51.100.7")
WIRE_ADDRESSES = {"203.0.113.10", "192.168.77.1", "2001:db8::10"}
DESTINATION_UNREACHABLE = 3
EXITS = [Exit(cidr="192.168.77.0/24", masquerade=True), Exit(cidr="172.21.0.0/16", masquerade=False)]


@pytest.fixture(scope="module")
def jump() -> Iterator[Jump]:
    with Namespace() as inside:
        made = a_jump(inside)
        made.route(ip_network("172.21.0.0/16"), WIRE)
        yield made


def a_rule(source: str | None = None, destination: str | None = None, action: Any = "allow", **fields: Any) -> Rule:
    return Rule(**{"protocol": None, "ports": [], **fields}, source=source, destination=destination, action=action)


def load(jump: Jump, *rules: Rule, exits: list[Exit] = EXITS, **members: list[Address]) -> None:
    """`A` and `B` are sets of themselves; the hub is itself and what lies behind it."""
    sets = {"a": [A], "b": [B], "hubs": [HUB], **members}
    texts = {name: [f"{address}/{address.max_prefixlen}" for address in found] for name, found in sets.items()}
    texts["hubs"] += [way.cidr for way in exits]
    jump.load(parse(Firewall(forward=True, sets=texts, rules=list(rules), exits=exits)))


def goes(jump: Jump, packet: Packet, came_by: str = TUNNEL, leaves_by: str = TUNNEL) -> bool:
    return jump.passes(packet, came_by, leaves_by)


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


# ---- out of the tunnel ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nowhere",
    [
        *("169.254.169.254", "168.63.129.16", "192.0.0.192", "192.168.78.9", "10.200.0.1", "100.64.0.1"),
        *("172.16.0.1", "10.99.0.9", "224.0.0.251"),
    ],
)
@pytest.mark.parametrize("protocol", ["tcp", "udp", "icmp"])
def test_nobody_gets_where_nothing_is_declared(jump: Jump, nowhere: str, protocol: str) -> None:
    load(jump, internet=[A])

    for flags in (SYN, ACK, RST):
        assert jump.pass_on(Packet(A, ip_address(nowhere), protocol, flags=flags), TUNNEL) == {}


@pytest.mark.parametrize(
    ("declared", "nobody"),
    [
        ("169.254.0.0/16", "169.254.169.254"),
        ("168.0.0.0/8", "168.63.129.16"),
        ("100.64.0.0/10", "100.100.100.200"),
        ("224.0.0.0/4", "224.0.0.251"),
        ("fd00::/16", "fd00:ec2::254"),
    ],
)
def test_what_no_other_machine_may_reach_stays_so_whatever_is_declared(jump: Jump, declared: str, nobody: str) -> None:
    host, peer = ip_address(nobody), A if "." in nobody else ip_address("fd07::12")
    for is_masqueraded in (True, False):
        load(jump, exits=[Exit(cidr=declared, masquerade=is_masqueraded)], internet=[peer])
        jump.route(ip_network(declared), WIRE)

        for flags in (SYN, ACK):
            assert jump.pass_on(Packet(peer, host, "tcp", flags=flags), TUNNEL) == {}
        assert not goes(jump, Packet(host, peer, "udp"), WIRE, TUNNEL)
        jump.inside.sh(f"ip route flush {declared}")


def test_the_internet_is_for_those_who_have_it_and_hidden_behind_the_jump(jump: Jump) -> None:
    load(jump, internet=[A])
    flow = Packet(A, INTERNET)

    out = jump.pass_on(flow, TUNNEL)
    back = jump.pass_on(replace(flow.answer(), destination=ip_address("203.0.113.10")), WIRE)

    assert [str(seen.source) for seen in out[WIRE]] == ["203.0.113.10"]
    assert [seen.destination for seen in back[TUNNEL]] == [A]
    assert jump.pass_on(Packet(B, INTERNET), TUNNEL) == {}


def test_a_lan_is_hidden_from_or_routed_as_it_was_declared(jump: Jump) -> None:
    load(jump)

    hidden, plain = (jump.pass_on(Packet(A, host), TUNNEL)[WIRE] for host in (LAN_HOST, ROUTED_HOST))

    assert [str(seen.source) for seen in hidden] == ["192.168.77.1"]
    assert [seen.source for seen in plain] == [A]
    assert goes(jump, Packet(ROUTED_HOST, A), WIRE, TUNNEL)
    assert not goes(jump, Packet(LAN_HOST, A), WIRE, TUNNEL)
    assert not goes(jump, Packet(LAN_HOST, A, "tcp"), WIRE, TUNNEL)


def test_the_longest_prefix_decides_what_is_hidden(jump: Jump) -> None:
    load(jump, exits=[Exit(cidr="172.21.0.0/16", masquerade=False), Exit(cidr="172.21.0.0/24", masquerade=True)])

    inner, outer = (jump.pass_on(Packet(A, ip_address(host)), TUNNEL)[WIRE] for host in ("172.21.0.9", "172.21.1.9"))

    assert (str(inner[0].source) in WIRE_ADDRESSES, outer[0].source) == (True, A)


def test_what_conntrack_does_not_translate_does_not_leave(jump: Jump) -> None:
    load(jump, internet=[A])
    invalid = Packet(A, INTERNET, "tcp", flags=SYN | RST)

    assert jump.pass_on(invalid, TUNNEL) == {}


def test_what_would_leave_where_nothing_is_masqueraded_does_not(jump: Jump) -> None:
    elsewhere = ip_address("198.51.100.77")
    jump.route(elsewhere, OTHER_WIRE)
    load(jump, internet=[A])

    assert jump.pass_on(Packet(A, elsewhere), TUNNEL) == {}
    assert jump.pass_on(Packet(A, INTERNET), TUNNEL).keys() == {WIRE}


def test_another_tunnel_of_the_host_is_out_of_reach_also_when_it_is_declared(jump: Jump) -> None:
    load(jump, internet=[A], exits=[Exit(cidr="10.99.0.0/24", masquerade=way) for way in (False,)])

    assert jump.pass_on(Packet(A, ip_address("10.99.0.9")), TUNNEL) == {}
    assert jump.pass_on(Packet(ip_address("10.99.0.9"), A), OTHER_TUNNEL) == {}


def test_an_ipv6_internet_that_the_jump_has_not_is_refused_in_words(jump: Jump) -> None:
    source, destination = ip_address("fd00::c"), ip_address("2001:db8:ffff::1")
    load(jump, internet=[source])

    (answer,) = jump.pass_on(Packet(source, destination), TUNNEL)[TUNNEL]

    assert (answer.destination, answer.protocol, answer.payload[:2]) == (source, 58, bytes([1, 0]))  # no route


# ---- the jump itself ------------------------------------------------------------------------------


def test_the_jump_is_a_peer_like_others(jump: Jump) -> None:
    load(jump, a_rule(None, "hubs", "deny", protocol="tcp"))
    before = jump.pass_on(Packet(A, HUB, "tcp"), TUNNEL)
    load(jump)

    after = jump.pass_on(Packet(A, HUB, "tcp"), TUNNEL)

    assert before == {}
    assert [(seen.source, seen.destination) for seen in after[TUNNEL]] == [(HUB, A)]


def test_the_jumps_other_addresses_are_judged_as_what_they_belong_to(jump: Jump) -> None:
    lan, public = ip_address("192.168.77.1"), ip_address("203.0.113.10")
    ways = [(A, HUB), (A, lan), (A, public), (B, lan), (B, public)]

    load(jump, exits=[], internet=[B])
    undeclared = [jump.hears(Packet(source, address)) for source, address in ways]
    load(jump, internet=[B])
    declared = [jump.hears(Packet(source, address)) for source, address in ways]

    assert undeclared == [True, False, False, False, True]
    assert declared == [True, True, False, True, True]
    assert jump.pass_on(Packet(A, lan, "tcp"), TUNNEL).keys() == {TUNNEL}  # and it answers


def test_the_jumps_public_address_is_judged_as_the_jump(jump: Jump) -> None:
    """A peer that sends everything into the tunnel has the internet, but not what the jump is closed to."""
    public, other_family = ip_address("203.0.113.10"), ip_address("2001:db8::10")
    far, sets = ip_address("fd00::d"), {"this-jump": [HUB, ip_address("fd00::1")]}
    ssh = a_rule("b", "this-jump", protocol="tcp", ports=[(22, 22)])
    elsewhere = a_rule("b", "a", "deny")

    def reached(*rules: Rule, port: int = 80) -> list[bool]:
        load(jump, *rules, exits=EXITS, internet=[B, far], **sets)
        ways = [(B, HUB), (B, public), (far, other_family)]
        return [jump.pass_on(Packet(*way, "tcp", port), TUNNEL) != {} for way in ways]

    assert reached() == reached(elsewhere) == [True] * 3
    assert reached(a_rule(None, "this-jump", "deny")) == [False] * 3
    assert reached(a_rule(None, None, "deny")) == [False] * 3
    assert reached(ssh, a_rule(None, "this-jump", "deny"), port=22) == [True, True, False]
    assert reached(ssh, a_rule(None, "this-jump", "deny")) == [False] * 3


def test_what_is_revoked_is_cut_on_the_jumps_public_address_too(jump: Jump) -> None:
    public = ip_address("203.0.113.10")

    def answered() -> int:
        with jump.inside.do(lambda: a_server(public)) as server:
            jump.pass_on(flow, TUNNEL)
            load(jump, *rules, internet=[B])
            jump.drain()
            with contextlib.suppress(PermissionError):
                server.sendto(b"late", (str(B), flow.source_port))
            return len(jump.drain()[TUNNEL])

    rules: list[Rule] = []
    load(jump, internet=[B])
    flow = Packet(B, public, port=8053)
    before = answered()
    rules, flow = [a_rule("b", "hubs", "deny")], Packet(B, public, port=8053)
    load(jump, internet=[B])
    after = answered()

    assert (before, after) == (1, 0)


def a_server(address: Address) -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((str(address), 8053))
    return server


def test_the_jump_reaches_peers_as_the_rules_say_and_hears_their_answers(jump: Jump) -> None:
    def ping() -> bool:
        sent = jump.pass_on_from_host(A)
        return [seen.destination for seen in sent] == [A]

    load(jump)
    is_open = ping()
    load(jump, a_rule("hubs", "a", "deny"))

    assert is_open
    assert not ping()


def test_nobody_but_the_tunnel_is_judged(jump: Jump) -> None:
    load(jump, a_rule(action="deny"))

    (answer,) = jump.pass_on(Packet(INTERNET, ip_address("203.0.113.10"), "tcp"), WIRE)[WIRE]

    assert answer.destination == INTERNET


def test_the_size_of_segments_is_clamped_both_ways_and_only_lowered(jump: Jump) -> None:
    load(jump)

    def mss(packet: Packet, came_by: str, leaves_by: str, size: int) -> int:
        option = bytes([2, 4]) + size.to_bytes(2, "big")
        (seen,) = jump.pass_on(replace(packet, options=option), came_by)[leaves_by]
        return int.from_bytes(seen.payload[22:24], "big")

    there, back = Packet(A, ROUTED_HOST, "tcp"), Packet(ROUTED_HOST, A, "tcp")
    assert mss(there, TUNNEL, WIRE, 1460) == mss(back, WIRE, TUNNEL, 1460) == 1380
    assert mss(replace(there, source_port=5), TUNNEL, WIRE, 1200) == 1200
