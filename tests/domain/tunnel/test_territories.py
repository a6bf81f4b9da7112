"""Whose addresses are whose, by the longest prefix."""

from hypothesis import given

from chalicelib.domain.cidr import Address, Cidr, overlaps
from chalicelib.domain.peer.home import home_of
from chalicelib.domain.tunnel.sections import Tunnel, addresses
from chalicelib.domain.tunnel.territories import territories
from tests.domain.populations import LANS, Population, populations
from tests.domain.tunnel.lines import everyone

LIMIT = 5


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
