"""A preshared key for each pair and epoch."""

from hypothesis import given

from tests.domain.populations import PSK, Population, populations
from tests.domain.tunnel.lines import everyone


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
