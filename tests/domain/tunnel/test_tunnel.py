"""AllowedIPs, by the table of the product's section 4."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cidr import Address, Cidr, overlaps
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.home import home_of
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.tunnel.portable_profile import (
    PREFIXES_A_LINE,
    SEVERAL_LINES,
    changed_keys,
    digests,
    notes,
    portable_profile,
)
from chalicelib.domain.tunnel.reach import territories
from chalicelib.domain.tunnel.tunnel import Tunnel, addresses, hosts, jump_tunnel, regular_tunnel
from tests.builders import a_dynamic, a_jump, a_network, a_static
from tests.dialects.validator import refusals
from tests.domain.populations import LANS, PSK, Population, populations

LAB = a_network("10.0.0.0/24", "fd00::/64")
LIMIT = 5


def of_regular(peer: Peer, jumps: list[Peer], routers: Iterable[Peer] = (), network: Network = LAB) -> Tunnel:
    return regular_tunnel(network, peer, jumps, routers, PSK)


def of_jump(jump: Peer, peers: list[Peer], network: Network = LAB) -> Tunnel:
    return jump_tunnel(network, jump, peers, PSK)


def allowed(tunnel: Tunnel) -> dict[str, list[str]]:
    return {section.peer_id: [str(cidr) for cidr in section.allowed_ips] for section in tunnel.sections}


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


def test_a_search_domain_stands_in_the_dns_line_where_it_is_asked_for() -> None:
    asked = of_regular(a_static(2, dns=("10.0.0.1", "lab.internal")), [a_jump(1)])

    assert "DNS = 10.0.0.1, lab.internal\n" in portable_profile(asked, None)
    assert "DNS" not in portable_profile(of_regular(a_static(2), [a_jump(1)]), None)


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


def test_a_file_holds_only_what_every_client_accepts() -> None:
    tunnel = of_regular(a_static(3), [a_jump(1)], network=a_network())

    assert portable_profile(tunnel, "PRIVATE").splitlines() == [
        "[Interface]",
        "PrivateKey = PRIVATE",
        "Address = 10.0.0.3/24",
        "MTU = 1420",
        "",
        "[Peer]",
        f"PublicKey = {tunnel.sections[0].public_key}",
        f"PresharedKey = {tunnel.sections[0].preshared_key}",
        "AllowedIPs = 10.0.0.0/24",
        "Endpoint = 198.51.100.1:51820",
        "PersistentKeepalive = 25",
    ]


def lines_of(tunnel: Tunnel) -> list[str]:
    return [line for line in portable_profile(tunnel, None).splitlines() if line.startswith("AllowedIPs")]


def test_thirty_prefixes_stand_in_one_line() -> None:
    lans = tuple(f"172.16.{2 * n}.0/24" for n in range(30))

    assert lines_of(of_regular(a_static(3), [a_jump(1, behind=lans)], network=a_network())) == [
        "AllowedIPs = " + ", ".join(("10.0.0.0/24", *lans))
    ]


def test_prefixes_that_are_more_than_one_line_s_stand_in_several_and_it_is_said() -> None:
    def told(count: int) -> tuple[int, tuple[str, ...]]:
        lans = tuple(f"fd00:1234:5678:9abc:{2 * n:x}::/80" for n in range(count))
        tunnel = of_regular(a_static(3), [a_jump(1, behind=lans)])
        return len(lines_of(tunnel)), notes(tunnel, tunnel)

    fits = next(count for count in range(200, 0, -1) if told(count)[0] == 1)

    assert 80 <= fits < 200
    assert told(fits) == (1, ())
    assert told(fits + 1) == (-(-(fits + 3) // PREFIXES_A_LINE), (SEVERAL_LINES,))
    assert SEVERAL_LINES.isascii()


def test_adjacent_prefixes_of_a_file_are_joined_and_no_wider_than_they_were() -> None:
    lans = ("172.20.0.0/24", "172.20.1.0/24", "172.20.3.0/24", "fd00:0:0:1::/65", "fd00:0:0:1:8000::/65")
    tunnel = of_regular(a_static(3), [a_jump(1, behind=lans)])

    assert lines_of(tunnel) == ["AllowedIPs = 10.0.0.0/24, 172.20.0.0/23, 172.20.3.0/24, fd00::/63"]


def test_prefixes_that_another_section_may_claim_stay_apart() -> None:
    """Joined, the first peer's would be the second's; of equal prefixes WireGuard keeps the last."""
    router, wider = a_dynamic(2, behind=("172.20.0.0/24", "172.20.1.0/24")), a_dynamic(3, behind=("172.20.0.0/23",))

    text = "\n".join(lines_of(of_jump(a_jump(1), [a_jump(1), router, wider], network=a_network())))

    assert text.count("172.20.0.0/23") == text.count("172.20.0.0/24") == text.count("172.20.1.0/24") == 1


def test_a_file_is_not_out_of_date_for_how_its_prefixes_are_written() -> None:
    halves, whole = (("172.20.0.0/24", "172.20.1.0/24"), ("172.20.0.0/23",))
    before, after = (digests(of_regular(a_static(3), [a_jump(1, behind=lans)])) for lans in (halves, whole))

    assert changed_keys(before, after) == ()


def test_what_changed_in_a_file_is_named_and_preshared_keys_are_not_digested() -> None:
    before = of_regular(a_static(3), [a_jump(1)])
    after = of_regular(a_static(3, mtu=1300, epoch=7), [a_jump(1, endpoint="h.example")])

    assert changed_keys(digests(before), digests(before)) == ()
    assert changed_keys(digests(before), digests(after)) == ("Endpoint", "MTU")


# ---- properties -----------------------------------------------------------------------------------


def everyone(population: Population) -> dict[str, Tunnel]:
    return {peer.id: population.bundle(peer).tunnel for peer in population.peers}


@given(populations())
def test_no_prefix_stands_twice_on_one_interface(population: Population) -> None:
    for tunnel in everyone(population).values():
        prefixes = [cidr for section in tunnel.sections for cidr in section.allowed_ips]

        assert len(prefixes) == len(set(prefixes))


@given(populations(), st.randoms())
def test_the_same_input_gives_the_same_bundles_in_any_order(population: Population, chance: object) -> None:
    shuffled = list(population.peers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's own random
    other = Population(population.network, tuple(shuffled), population.rules)

    for peer in population.peers:
        assert population.bundle(peer) == other.bundle(peer)


@given(populations())
def test_a_section_on_one_side_has_its_twin_on_the_other_with_the_same_preshared_key(population: Population) -> None:
    """A peer that the other side does not list gets no answer at all; one with another key, neither."""
    tunnels = everyone(population)
    for peer in population.peers:
        for section in tunnels[peer.id].sections if peer.public_key else ():
            other = population.get(section.peer_id)
            twins = [twin for twin in tunnels[other.id].sections if twin.peer_id == peer.id]
            assert [twin.preshared_key for twin in twins] == [section.preshared_key]


@given(populations())
def test_every_pair_and_epoch_has_a_preshared_key_of_its_own(population: Population) -> None:
    keys = {
        (frozenset({peer.id, section.peer_id}), section.preshared_key)
        for peer in population.peers
        if peer.public_key
        for section in population.bundle(peer).tunnel.sections
    }

    assert len({key for _, key in keys}) == len(keys)
    assert PSK("QQ==", "Qg==", 1) == PSK("Qg==", "QQ==", 1) != PSK("QQ==", "Qg==", 2)


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


@given(populations())
def test_each_address_leads_from_any_jump_to_its_owner_by_the_longest_prefix(population: Population) -> None:
    """Hop by hop, at most one jump between, and never in a circle."""
    tunnels = everyone(population)
    listed = [peer for peer in population.peers if peer.is_listed]
    reached = [
        peer
        for peer in listed
        if peer.is_jump or home_of(peer, population.hubs, population.network.down) in {j.id for j in population.hubs}
    ]
    for jump in population.hubs:
        for owner in reached:
            for address in addresses(population.network, owner):
                assert walk(tunnels, jump.id, owner.id, address)[-1] == owner.id


@given(populations())
def test_each_lan_is_found_from_any_jump_where_its_longest_prefix_stands(population: Population) -> None:
    tunnels = everyone(population)
    for jump in population.hubs:
        for lan in LANS:
            address = lan.network_address + (130 if lan.prefixlen == 24 else 5)
            owners = lan_owners(population, address)
            path = walk(tunnels, jump.id, None, address, population)
            assert len(path) <= 3
            if owners:
                assert path[-1] in owners, (jump.id, address)


def lan_owners(population: Population, address: Address) -> set[str]:
    """Whose the address is: of the listed peers that a jump carries, those with the longest prefix."""
    carried = {jump.id for jump in population.hubs}
    holders = [
        (cidr.prefixlen, peer.id)
        for peer in population.peers
        if peer.is_listed and (peer.is_jump or home_of(peer, population.hubs, population.network.down) in carried)
        for cidr in peer.additional_allowed_ips
        if address in cidr
    ]
    longest = max((length for length, _ in holders), default=0)
    return {peer_id for length, peer_id in holders if length == longest}


def walk(
    tunnels: dict[str, Tunnel], start: str, end: str | None, address: Address, population: Population | None = None
) -> list[str]:
    """Jump by jump along the longest prefix; what lies behind a jump itself is not sent on."""
    path = [start]
    while path[-1] != end and path[-1].startswith("jmp_") and len(path) < LIMIT:
        own = [] if population is None else population.get(path[-1]).additional_allowed_ips
        hops = [(cidr.prefixlen, 1, path[-1]) for cidr in own if address in cidr]
        hops += [
            (cidr.prefixlen, 0, section.peer_id)
            for section in tunnels[path[-1]].sections
            for cidr in section.allowed_ips
            if address in cidr
        ]
        if not hops or max(hops)[2] == path[-1]:
            break
        path.append(max(hops)[2])
    return path


@given(populations())
def test_territories_are_apart_but_for_lans_that_jumps_share(population: Population) -> None:
    own = territories(population.network, population.peers)
    held: list[tuple[Cidr, str]] = [(cidr, peer_id) for peer_id, cidrs in own.items() for cidr in cidrs]
    for cidr, peer_id in held:
        for other, other_id in held:
            shares = peer_id.startswith("jmp_") and other_id.startswith("jmp_")
            if peer_id != other_id and not shares:
                assert not overlaps(cidr, other)


@given(populations())
def test_every_file_is_accepted_by_all_official_clients(population: Population) -> None:
    for peer in population.regular:
        tunnel = population.bundle(peer).tunnel
        if peer.kind is Kind.STATIC and tunnel.sections and peer.public_key:
            assert refusals(portable_profile(tunnel, peer.public_key), "wg-lab") == {}
