"""Packets for the jump itself, and from it: what it is closed to, and what it reaches."""

import contextlib
import socket
from dataclasses import replace
from ipaddress import ip_address

import pytest

from chalicelib.wire.bundle import Rule
from tests.agent.host.firewall.packets import EXITS, HUB, INTERNET, ROUTED_HOST, A, B, a_rule, load
from tests.agent.taps import TUNNEL, WIRE, Address, Jump, Packet

pytestmark = pytest.mark.root


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
