"""What jumps let through: isolation, blocks, rules, and what may leave a tunnel."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import Address
from chalicelib.domain.network.acl import (
    AclRule,
    Anything,
    OfCidr,
    OfPeer,
    OfTag,
    Ports,
    Protocol,
)
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.firewall import Firewall, Packet, firewall, permits
from chalicelib.domain.tunnel.sections import addresses
from chalicelib.domain.tunnel.territories import territories
from tests.builders import a_dynamic, a_jump, a_network
from tests.domain.populations import LANS, Population, populations
from tests.domain.tunnel import verdicts

LAB = a_network("10.0.0.0/24")
INTERNET = ip_address("203.0.113.7")


def policy(peers: list[Peer], *rules: AclRule) -> Firewall:
    return firewall(LAB, peers[0], peers, rules)


def tcp(source: str, destination: str, port: int = 80) -> Packet:
    return Packet(ip_address(source), ip_address(destination), Protocol.TCP, port)


def test_the_first_rule_that_matches_decides_and_without_one_all_is_allowed() -> None:
    peers = [a_jump(1), a_dynamic(2, tags=("web",)), a_dynamic(3)]
    allow = AclRule(Anything(), OfTag("web"), True, Protocol.TCP, (Ports(22, 22), Ports(80, 90)))
    deny = AclRule(Anything(), OfPeer(peers[1].id), False)

    guarded = policy(peers, allow, deny)

    assert permits(guarded, tcp("10.0.0.3", "10.0.0.2", 22), "through")
    assert permits(guarded, tcp("10.0.0.3", "10.0.0.2", 90), "through")
    assert not permits(guarded, tcp("10.0.0.3", "10.0.0.2", 91), "through")
    assert not permits(guarded, Packet(*pair("10.0.0.3", "10.0.0.2"), Protocol.UDP, 22), "through")
    assert permits(guarded, tcp("10.0.0.2", "10.0.0.3"), "through")
    assert permits(policy(peers), tcp("10.0.0.3", "10.0.0.2"), "through")


def pair(source: str, destination: str) -> tuple[Address, Address]:
    return ip_address(source), ip_address(destination)


def test_a_rule_about_a_peer_is_about_what_routing_leads_to_it() -> None:
    site, inner = a_dynamic(2, behind=("192.168.0.0/16",)), a_dynamic(3, behind=("192.168.1.0/24",))
    guarded = policy([a_jump(1), site, inner], AclRule(Anything(), OfPeer(site.id), False))

    assert not permits(guarded, tcp("10.0.0.3", "192.168.2.9"), "through")
    assert permits(guarded, tcp("10.0.0.9", "192.168.1.9"), "through")


def test_a_rule_that_selects_nobody_matches_nothing_and_sets_stand_once() -> None:
    peers = [a_jump(1), a_dynamic(2, tags=("web",))]
    rules = [AclRule(OfTag("none"), Anything(), False), *[AclRule(OfTag("web"), Anything(), True)] * 3]

    compiled = policy(peers, *rules)

    assert len(compiled.rules) == 4
    assert dict(compiled.sets) == {"tag:none": (), "tag:web": (ip_network("10.0.0.2/32"),)}
    assert permits(compiled, tcp("10.0.0.3", "10.0.0.2"), "through")


def test_out_of_the_tunnel_goes_what_is_declared_and_the_internet_for_full_encapsulation() -> None:
    peers = [a_jump(1, behind=("172.20.0.0/16",)), a_dynamic(2, full_encapsulation=True), a_dynamic(3)]
    guarded = policy(peers)

    assert permits(guarded, tcp("10.0.0.3", "172.20.1.1"), "leaving")
    assert permits(guarded, tcp("10.0.0.2", str(INTERNET)), "leaving")
    assert not permits(guarded, tcp("10.0.0.3", str(INTERNET)), "leaving")
    near = ("192.168.1.1", "10.9.9.9", "100.64.0.1", "127.0.0.1")
    for nowhere in ("169.254.169.254", "168.63.129.16", "224.0.0.1", *near):
        assert not permits(guarded, tcp("10.0.0.2", nowhere), "leaving")


@pytest.mark.parametrize(
    ("declared", "nobody"),
    [
        ("169.254.0.0/16", "169.254.169.254"),
        ("169.0.0.0/8", "169.254.169.254"),
        ("168.63.129.16/32", "168.63.129.16"),
        ("100.64.0.0/10", "100.100.100.200"),
        ("127.0.0.0/8", "127.0.0.1"),
        ("224.0.0.0/4", "224.0.0.251"),
        ("0.0.0.0/1", "0.0.0.1"),
        ("fd00::/16", "fd00:ec2::254"),
        ("fe80::/10", "fe80::1"),
    ],
)
def test_what_no_other_machine_may_reach_stays_so_whatever_is_declared(declared: str, nobody: str) -> None:
    jump = a_jump(1, behind=(declared,), routed_cidrs=(ip_network(declared),))
    peer = ip_address("10.0.0.2" if "." in nobody else "fd07::2")
    guarded = policy([jump, a_dynamic(2, full_encapsulation=True)])

    assert not permits(guarded, Packet(peer, ip_address(nobody), Protocol.TCP, 80), "leaving")
    assert not permits(guarded, Packet(ip_address(nobody), peer, Protocol.TCP, 80), "entering")


def test_only_a_routed_lan_speaks_first() -> None:
    lans = a_jump(1, behind=("172.20.0.0/16", "172.21.0.0/16"), routed_cidrs=(LANS[4],))
    guarded = policy([lans, a_dynamic(2)])

    assert permits(guarded, tcp("172.20.0.9", "10.0.0.2"), "entering")
    assert not permits(guarded, tcp("172.21.0.9", "10.0.0.2"), "entering")
    assert not permits(guarded, tcp("192.168.7.7", "10.0.0.2"), "entering")


def test_a_lan_that_another_jump_serves_too_is_not_cut_off_with_the_first() -> None:
    blocked, serving = (
        a_jump(number, additional_allowed_ips=(LANS[1], *more), blocked_by=by)
        for number, more, by in ((1, (LANS[3],), ("manual",)), (2, (), ()))
    )
    guarded = firewall(a_network(), serving, [blocked, serving, a_dynamic(3)], ())

    assert permits(guarded, tcp("10.0.0.3", "192.168.1.7"), "leaving")
    assert not permits(guarded, tcp("10.0.0.3", "192.168.2.7"), "through")
    assert not permits(guarded, tcp("10.0.0.3", "10.0.0.1"), "through")


def a_host_of(population: Population, peer: Peer, data: st.DataObject) -> Address:
    """One of a peer's addresses, or of those behind it."""
    cidr = data.draw(st.sampled_from(territories(population.network, keyed(population))[peer.id]))
    return cidr.network_address + data.draw(st.integers(0, cidr.num_addresses - 1))


def keyed(population: Population) -> list[Peer]:
    return [peer for peer in population.peers if peer.public_key is not None]


def is_cut(population: Population, packet: Packet) -> bool:
    """Whether an end of it is blocked peers' alone: equal CIDRs may stand behind several jumps."""
    own = territories(population.network, keyed(population))
    owners = [
        [peer for peer in keyed(population) if any(end in cidr for cidr in own[peer.id])]
        for end in (packet.source, packet.destination)
    ]
    return any(all(peer.is_blocked for peer in peers) for peers in owners)


def drawn(population: Population, data: st.DataObject) -> tuple[Peer, Peer, Packet] | None:
    peers = keyed(population)
    if len(peers) < 2 or not population.hubs:
        return None
    source, destination = data.draw(st.permutations(peers))[:2]
    hosts = a_host_of(population, source, data), a_host_of(population, destination, data)
    if hosts[0].version != hosts[1].version:
        hosts = addresses(population.network, source)[0], addresses(population.network, destination)[0]
    return source, destination, Packet(*hosts, Protocol.TCP, data.draw(st.sampled_from([22, 80, 8005])))


@given(populations(with_rules=True), st.data())
def test_every_jump_gives_the_same_verdict(population: Population, data: st.DataObject) -> None:
    flow = drawn(population, data)
    if flow is None:
        return
    verdicts = {
        permits(firewall(population.network, jump, population.peers, population.rules), flow[2], "through")
        for jump in population.hubs
    }

    assert len(verdicts) == 1


@given(populations(with_rules=True), st.data())
def test_nothing_goes_from_or_to_who_is_blocked(population: Population, data: st.DataObject) -> None:
    flow = drawn(population, data)
    if flow is None or not is_cut(population, flow[2]):
        return
    guarded = firewall(population.network, population.hubs[0], population.peers, population.rules)

    assert not any(permits(guarded, flow[2], way) for way in ("through", "leaving", "entering"))


@given(populations(), st.data())
def test_isolated_peers_talk_to_jumps_and_what_lies_behind_them_alone(
    population: Population, data: st.DataObject
) -> None:
    flow = drawn(population, data)
    if flow is None:
        return
    source, destination, packet = flow
    guarded = firewall(population.network, population.hubs[0], population.peers, ())
    is_kept_apart = (source.is_isolated and not destination.is_jump) or (destination.is_isolated and not source.is_jump)

    assert permits(guarded, packet, "through") is not (is_cut(population, packet) or is_kept_apart)


@given(populations(with_rules=True), st.data())
def test_nobody_reaches_what_is_not_declared(population: Population, data: st.DataObject) -> None:
    if not population.hubs or not population.regular:
        return
    jump = data.draw(st.sampled_from(population.hubs))
    guarded = firewall(population.network, jump, population.peers, population.rules)
    source = addresses(population.network, data.draw(st.sampled_from(population.regular)))[0]
    destination = data.draw(st.sampled_from([*map(ip_address, ("169.254.169.254", "10.9.0.1", "192.168.77.7"))]))
    is_declared = any(destination in cidr for cidr in jump.additional_allowed_ips)

    if not is_declared:
        assert not permits(guarded, Packet(source, destination, Protocol.TCP, 80), "leaving")


def test_a_cidr_in_a_rule_is_the_cidr_whoever_has_it() -> None:
    guarded = policy([a_jump(1), a_dynamic(2)], AclRule(OfCidr(LANS[1]), Anything(), False))

    assert not permits(guarded, tcp("192.168.1.7", "10.0.0.2"), "through")


def test_the_verdicts_that_the_console_is_held_to_are_those_of_today() -> None:
    assert verdicts.FILE.read_text() == verdicts.text(), "run: python -m tests.domain.tunnel.verdicts"
