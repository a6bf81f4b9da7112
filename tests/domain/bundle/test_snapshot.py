"""Bundles of one snapshot."""

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.populations import Population, populations


@given(populations(), st.randoms())
def test_the_same_input_gives_the_same_bundles_in_any_order(population: Population, chance: object) -> None:
    shuffled = list(population.peers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's own random
    other = Population(population.network, tuple(shuffled), population.rules)

    for peer in population.peers:
        assert population.bundle(peer) == other.bundle(peer)
