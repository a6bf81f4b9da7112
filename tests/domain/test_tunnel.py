"""AllowedIPs, by the table of the product's section 4."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.peer import Kind, Peer
from chalicelib.domain.profile import portable_profile
from chalicelib.domain.tunnel import Tunnel, addresses, home_of, jump_tunnel, regular_tunnel
from tests.builders import a_dynamic, a_jump, a_network, a_peer, a_static

LAB = a_network("10.0.0.0/24", "fd00::/64")


def allowed(tunnel: Tunnel) -> dict[str, list[str]]:
    return {section.peer_id: [str(cidr) for cidr in section.allowed_ips] for section in tunnel.sections}


def test_a_regular_peer_reaches_everything_through_its_home() -> None:
    peer, jump, router = a_dynamic(2), a_jump(1), a_dynamic(3, behind=("192.168.3.0/24",))

    tunnel = regular_tunnel(LAB, peer, [jump], [router])

    assert allowed(tunnel) == {
        jump.id: ["10.0.0.0/24", "10.0.0.1/32", "192.168.3.0/24", "fd00::/64", "fd00::1/128"],
    }
    assert tunnel.prefixes == ("10.0.0.2/24", "fd00::2/64")
    assert (tunnel.sections[0].endpoint, tunnel.sections[0].keepalive_s) == ("198.51.100.1:51820", 25)


def test_the_lan_behind_a_peer_is_not_routed_to_itself() -> None:
    peer = a_dynamic(2, behind=("192.168.2.0/24",))

    tunnel = regular_tunnel(LAB, peer, [a_jump(1)], [peer])

    assert "192.168.2.0/24" not in allowed(tunnel)["jmp_0001"]


def test_an_agent_keeps_the_other_jumps_warm_and_a_file_lists_its_home_alone() -> None:
    jumps = [a_jump(1), a_jump(9)]

    agents, files = regular_tunnel(LAB, a_dynamic(2), jumps, []), regular_tunnel(LAB, a_static(3), jumps, [])

    assert allowed(agents)["jmp_0009"] == []
    assert list(allowed(files)) == ["jmp_0001"]


def test_a_jump_lists_addresses_and_lans_of_the_peers_it_is_home_to() -> None:
    peers = [a_jump(1), a_dynamic(2, behind=("192.168.2.0/24",)), a_static(3)]

    assert allowed(jump_tunnel(LAB, peers[0], peers)) == {
        "dyn_0002": ["10.0.0.2/32", "192.168.2.0/24", "fd00::2/128"],
        "sta_0003": ["10.0.0.3/32", "fd00::3/128"],
    }


def test_a_jump_reaches_the_peers_of_another_jump_through_it() -> None:
    peers = [a_jump(1), a_jump(9), a_dynamic(2), a_static(3, home_id="jmp_0009", behind=("192.168.3.0/24",))]

    assert allowed(jump_tunnel(LAB, peers[0], peers)) == {
        "dyn_0002": ["10.0.0.2/32", "fd00::2/128"],
        "jmp_0009": ["10.0.0.3/32", "10.0.0.9/32", "192.168.3.0/24", "fd00::3/128", "fd00::9/128"],
    }
    assert allowed(jump_tunnel(LAB, peers[1], peers))["dyn_0002"] == []


def test_a_peer_without_a_key_is_listed_nowhere() -> None:
    unknown = a_dynamic(3, keyed=False, behind=("192.168.3.0/24",))
    jump, peer = a_jump(1), a_dynamic(2)

    assert list(allowed(jump_tunnel(LAB, jump, [jump, peer, unknown]))) == [peer.id]
    assert "192.168.3.0/24" not in allowed(regular_tunnel(LAB, peer, [jump], [unknown]))[jump.id]
    assert regular_tunnel(LAB, peer, [a_jump(1, keyed=False)], []).sections == ()


def test_the_home_is_the_first_jump_with_a_key_unless_a_file_names_another() -> None:
    jumps = [a_jump(1, keyed=False), a_jump(5), a_jump(4)]

    assert home_of(a_dynamic(2), jumps) == "jmp_0004"
    assert home_of(a_static(3, home_id="jmp_0005"), jumps) == "jmp_0005"
    assert home_of(a_dynamic(2), []) is None


def test_an_ipv6_endpoint_is_bracketed_and_keepalive_can_be_off() -> None:
    tunnel = regular_tunnel(LAB, a_dynamic(2, persistent_keepalive=0), [a_jump(1, endpoint="2001:db8::1")], [])

    assert (tunnel.sections[0].endpoint, tunnel.sections[0].keepalive_s) == ("[2001:db8::1]:51820", 0)


def test_a_file_holds_only_what_every_client_accepts() -> None:
    tunnel = regular_tunnel(a_network(), a_static(3), [a_jump(1)], [])

    assert portable_profile(tunnel, "PRIVATE").splitlines() == [
        "[Interface]",
        "PrivateKey = PRIVATE",
        "Address = 10.0.0.3/24",
        "MTU = 1420",
        "",
        "[Peer]",
        f"PublicKey = {tunnel.sections[0].public_key}",
        "AllowedIPs = 10.0.0.0/24, 10.0.0.1/32",
        "Endpoint = 198.51.100.1:51820",
        "PersistentKeepalive = 25",
    ]


@st.composite
def populations(draw: st.DrawFn) -> list[Peer]:
    """Up to 12 peers of all kinds, some without keys, some with a LAN behind them."""
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=12))
    peers: list[Peer] = []
    for number, kind in enumerate(kinds, start=1):
        behind = (f"192.168.{number}.0/24",) if kind is not Kind.JUMP and draw(st.booleans()) else ()
        peers.append(a_peer(kind, number, keyed=draw(st.booleans()), behind=behind))
    return peers


def tunnels(peers: list[Peer]) -> dict[str, Tunnel]:
    jumps = [peer for peer in peers if peer.kind is Kind.JUMP]
    return {
        peer.id: jump_tunnel(LAB, peer, peers) if peer.kind is Kind.JUMP else regular_tunnel(LAB, peer, jumps, peers)
        for peer in peers
    }


@given(populations())
def test_no_prefix_stands_twice_on_one_interface(peers: list[Peer]) -> None:
    for tunnel in tunnels(peers).values():
        prefixes = [cidr for section in tunnel.sections for cidr in section.allowed_ips]

        assert len(prefixes) == len(set(prefixes))


@given(populations())
def test_the_same_input_gives_the_same_tunnels_in_any_order(peers: list[Peer]) -> None:
    assert tunnels(peers) == tunnels(list(reversed(peers)))


@given(populations())
def test_a_section_on_one_side_has_its_twin_on_the_other(peers: list[Peer]) -> None:
    """A peer that the other side does not list gets no answer at all."""
    all_tunnels = tunnels(peers)
    keyed = {peer.id: peer for peer in peers if peer.public_key}
    for peer_id in keyed:
        for section in all_tunnels[peer_id].sections:
            listed = {other.peer_id for other in all_tunnels[section.peer_id].sections}
            assert peer_id in listed


@given(populations())
def test_each_address_leads_from_any_jump_to_its_owner(peers: list[Peer]) -> None:
    """Follow AllowedIPs hop by hop: at most one jump between, and never a loop."""
    all_tunnels = tunnels(peers)
    jumps = [peer for peer in peers if peer.kind is Kind.JUMP and peer.public_key]
    owners = {cidr: peer.id for peer in peers if peer.public_key for cidr in addresses(LAB, peer)}
    for jump in jumps:
        for address, owner in owners.items():
            path = [jump.id]
            while path[-1] != owner and len(path) < 4:
                hop = [s.peer_id for s in all_tunnels[path[-1]].sections if any(address in c for c in s.allowed_ips)]
                path += hop or [owner]
                assert hop, path
            assert len(path) <= 3, list(pairwise(path))
