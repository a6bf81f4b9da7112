"""How many requests leave for DynamoDB when a store is asked for many at once."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.rollout import Expected
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.network.directory import BlockKey
from chalicelib.domain.peer.presence import Fact, FactKind, Sighting
from tests.builders import T0
from tests.contracts.stores import LAB
from tests.wired import Wire, wired, wired_outside


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[Outside, Wire]]:
    """Empty tables: what is asked for is not there, and costs as much as what is."""
    with wired() as wire:
        _, outside = wired_outside()
        yield outside, wire


def some(number: int) -> Sequence[PeerId]:
    return [PeerId(f"dyn_{index:08d}") for index in range(number)]


def seen(number: int) -> dict[PeerId, Sighting]:
    return {peer_id: Sighting(T0, T0) for peer_id in some(number)}


def facts(number: int) -> Sequence[Fact]:
    return [Fact(LAB.id, peer_id, FactKind.CONNECTED, T0) for peer_id in some(number)]


def expected(number: int) -> dict[Revision, Expected]:
    return {Revision(at): Expected(frozenset(some(1)), T0) for at in range(number)}


def blocks(number: int) -> Sequence[BlockKey]:
    return [BlockKey(f"4#{at}") for at in range(number)]


READS: dict[str, Callable[[Outside, int], object]] = {
    "networks": lambda out, number: out.networks.directory(blocks(number)),
    "peers": lambda out, number: out.peers.many(LAB.id, some(number)),
    "records": lambda out, number: out.peers.records_of(LAB.id, some(number)),
    "presence": lambda out, number: out.presence.of(some(number)),
    "sightings": lambda out, number: out.sightings.of(LAB.id, some(number)),
}
WRITES: dict[str, Callable[[Outside, int], object]] = {
    "wanted": lambda out, number: out.progress.raise_wanted(dict.fromkeys(some(number), Revision(7))),
    "sightings": lambda out, number: out.sightings.keep(LAB.id, seen(number), {}),
    "facts": lambda out, number: out.facts.insert(*facts(number)),
    "rollouts": lambda out, number: out.rollouts.expect(LAB.id, expected(number), T0),
}


@pytest.mark.parametrize(("number", "requests"), [(0, 0), (1, 1), (100, 1), (101, 2)])
@pytest.mark.parametrize("store", READS)
def test_many_are_read_by_the_hundred_and_none_without_a_request(
    stores: tuple[Outside, Wire], store: str, number: int, requests: int
) -> None:
    outside, wire = stores

    assert wire.counted(lambda: READS[store](outside, number)).get("read", 0) == requests


@pytest.mark.parametrize(("number", "requests"), [(0, 0), (1, 1), (25, 1), (26, 2)])
@pytest.mark.parametrize("store", WRITES)
def test_many_are_written_by_twenty_five_and_none_without_a_request(
    stores: tuple[Outside, Wire], store: str, number: int, requests: int
) -> None:
    outside, wire = stores

    assert wire.counted(lambda: WRITES[store](outside, number)).get("write", 0) == requests
