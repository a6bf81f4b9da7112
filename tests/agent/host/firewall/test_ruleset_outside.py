"""Packets that leave the tunnel: where to, whose, and behind which address."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from chalicelib.wire.bundle import Exit
from tests.agent.host.firewall.packets import INTERNET, LAN_HOST, ROUTED_HOST, WIRE_ADDRESSES, A, B, goes, load
from tests.agent.taps import ACK, OTHER_TUNNEL, OTHER_WIRE, RST, SYN, TUNNEL, WIRE, Jump, Packet

pytestmark = pytest.mark.root


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
