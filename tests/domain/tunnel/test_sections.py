"""AllowedIPs, by the table of the product's section 4."""

from hypothesis import given

from chalicelib.domain.peer.home import home_of
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.tunnel.portable_profile import (
    changed_keys,
    digests,
)
from chalicelib.domain.tunnel.sections import hosts
from tests.builders import a_dynamic, a_jump, a_network, a_static
from tests.domain.populations import Population, populations
from tests.domain.tunnel.lines import allowed, everyone, of_jump, of_regular


def test_a_regular_peer_reaches_everything_through_its_home() -> None:
    peer, jump, router = a_dynamic(2), a_jump(1, behind=("172.20.0.0/16",)), a_dynamic(3, behind=("192.168.3.0/24",))

    tunnel = of_regular(peer, [jump], [router])

    assert allowed(tunnel) == {
        jump.id: ["10.0.0.0/24", "172.20.0.0/16", "192.168.3.0/24", "fd00::/64"],
    }
    assert tunnel.prefixes == ("10.0.0.2/24", "fd00::2/64")
    assert (tunnel.sections[0].endpoint, tunnel.sections[0].keepalive_s) == ("198.51.100.1:51820", 25)


def test_an_isolated_peer_is_routed_to_jumps_and_what_lies_behind_them() -> None:
    jump, router = a_jump(1, behind=("172.20.0.0/16",)), a_dynamic(3, behind=("192.168.3.0/24",))

    assert allowed(of_regular(a_dynamic(2, is_isolated=True), [jump], [router])) == {
        jump.id: ["10.0.0.1/32", "172.20.0.0/16", "fd00::1/128"]
    }


def test_an_isolated_peer_is_routed_to_every_jump() -> None:
    jumps = [a_jump(1), a_jump(9)]

    assert allowed(of_regular(a_static(2, is_isolated=True), jumps, network=a_network())) == {
        "jmp_0001": ["10.0.0.1/32", "10.0.0.9/32"]
    }


def test_another_jump_changes_no_issued_file_but_those_of_isolated_peers() -> None:
    free, isolated = a_static(2, home_id="jmp_0001"), a_static(3, home_id="jmp_0001", is_isolated=True)

    def changes(peer: Peer) -> tuple[str, ...]:
        before, after = (digests(of_regular(peer, jumps)) for jumps in ([a_jump(1)], [a_jump(1), a_jump(9)]))
        return changed_keys(before, after)

    assert (changes(free), changes(isolated)) == ((), ("AllowedIPs",))


def test_nobody_is_routed_to_the_lan_of_an_isolated_peer() -> None:
    router = a_dynamic(3, behind=("192.168.3.0/24",), is_isolated=True)

    assert "192.168.3.0/24" not in allowed(of_regular(a_dynamic(2), [a_jump(1)], [router]))["jmp_0001"]


def test_full_encapsulation_sends_everything_home_and_names_its_resolver() -> None:
    tunnel = of_regular(a_static(2, full_encapsulation=True), [a_jump(1)])

    assert allowed(tunnel) == {"jmp_0001": ["0.0.0.0/0", "::/0"]}
    assert tunnel.dns == ("10.0.0.1", "fd00::1")
    assert of_regular(a_static(2, full_encapsulation=True, dns=()), [a_jump(1)]).dns == ()
    assert of_regular(a_static(2, dns=("9.9.9.9",)), [a_jump(1)]).dns == ("9.9.9.9",)


def test_the_lan_behind_a_peer_is_not_routed_to_itself() -> None:
    peer = a_dynamic(2, behind=("192.168.2.0/24",))

    assert "192.168.2.0/24" not in allowed(of_regular(peer, [a_jump(1)], [peer]))["jmp_0001"]


def test_an_agent_keeps_the_other_jumps_warm_and_a_file_lists_its_home_alone() -> None:
    jumps = [a_jump(1), a_jump(9)]

    assert allowed(of_regular(a_dynamic(2), jumps))["jmp_0009"] == []
    assert list(allowed(of_regular(a_static(3), jumps))) == ["jmp_0001"]


def test_a_jump_lists_addresses_and_lans_of_the_peers_it_is_home_to() -> None:
    peers = [a_jump(1), a_dynamic(2, behind=("192.168.2.0/24",)), a_static(3)]

    assert allowed(of_jump(peers[0], peers)) == {
        "dyn_0002": ["10.0.0.2/32", "192.168.2.0/24", "fd00::2/128"],
        "sta_0003": ["10.0.0.3/32", "fd00::3/128"],
    }


def test_a_jump_reaches_the_peers_and_lans_of_another_jump_through_it() -> None:
    peers = [
        a_jump(1),
        a_jump(9, behind=("172.20.0.0/16",)),
        a_dynamic(2),
        a_static(3, home_id="jmp_0009", behind=("192.168.3.0/24",)),
    ]

    assert allowed(of_jump(peers[0], peers)) == {
        "dyn_0002": ["10.0.0.2/32", "fd00::2/128"],
        "jmp_0009": [
            "10.0.0.3/32",
            "10.0.0.9/32",
            "172.20.0.0/16",
            "192.168.3.0/24",
            "fd00::3/128",
            "fd00::9/128",
        ],
    }
    assert allowed(of_jump(peers[1], peers))["dyn_0002"] == []


def test_a_shared_lan_is_served_by_the_first_jump_that_is_up() -> None:
    lan = ("172.20.0.0/16",)
    peers = [a_jump(1, behind=lan), a_jump(4, behind=lan), a_jump(9)]
    down = a_network(down=frozenset({"jmp_0001"}))

    assert "172.20.0.0/16" in allowed(of_jump(peers[2], peers))["jmp_0001"]
    assert "172.20.0.0/16" in allowed(of_jump(peers[2], peers, down))["jmp_0004"]
    assert "172.20.0.0/16" not in allowed(of_jump(peers[1], peers))["jmp_0001"]  # it has that LAN itself


def test_an_ipv6_endpoint_is_bracketed_and_keepalive_can_be_off() -> None:
    tunnel = of_regular(a_dynamic(2, persistent_keepalive=0), [a_jump(1, endpoint="2001:db8::1")])

    assert (tunnel.sections[0].endpoint, tunnel.sections[0].keepalive_s) == ("[2001:db8::1]:51820", 0)


def test_others_are_told_the_published_port_and_the_host_binds_its_own() -> None:
    jump, other = a_jump(1, published_port=443), a_jump(9)
    peers = [jump, other, a_dynamic(2), a_static(3)]

    told = {
        peer.id: section.endpoint
        for peer in peers
        for section in (of_jump(peer, peers) if peer.is_jump else of_regular(peer, [jump, other])).sections
        if section.peer_id == jump.id
    }

    assert told == dict.fromkeys(("jmp_0009", "dyn_0002", "sta_0003"), "198.51.100.1:443")
    assert of_jump(jump, peers).listen_port == 51820


@given(populations())
def test_no_prefix_stands_twice_on_one_interface(population: Population) -> None:
    for tunnel in everyone(population).values():
        prefixes = [cidr for section in tunnel.sections for cidr in section.allowed_ips]

        assert len(prefixes) == len(set(prefixes))


@given(populations())
def test_every_config_of_a_network_agrees_on_each_home(population: Population) -> None:
    tunnels = everyone(population)
    for peer in population.regular:
        if not peer.is_listed:
            continue
        home = home_of(peer, population.hubs, population.network.down)
        own = {section.peer_id for section in tunnels[peer.id].sections if section.allowed_ips}
        address = hosts(population.network, peer)[0]
        granted = {
            jump.id
            for jump in population.hubs
            for section in tunnels[jump.id].sections
            if section.peer_id == peer.id and address in section.allowed_ips
        }
        serves = {jump.id for jump in population.hubs} & {home}
        assert own <= serves
        assert granted == serves


@given(populations())
def test_who_is_blocked_or_has_no_key_is_listed_nowhere_and_the_blocked_list_nobody(population: Population) -> None:
    listed = {section.peer_id for tunnel in everyone(population).values() for section in tunnel.sections}

    assert listed <= {peer.id for peer in population.peers if peer.is_listed}
    for peer in population.peers:
        if peer.is_blocked:
            assert population.bundle(peer).tunnel.sections == ()
