"""What jumps see of others: the latest of each, told once when it awakes, over every engine.

Not on moto, which runs no condition of a statement.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import pytest

from chalicelib.application.agents.observations import Observations
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import CreateNetwork, ForgetSighting, PutPeer
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.peer import PeerRecord
from chalicelib.domain.peer.presence import Fact, Sighting
from tests.builders import T0, a_dynamic, a_network, a_static
from tests.contracts.stores import LAB, advance, commit
from tests.contracts.test_concurrency import RACERS, race

PHONE = a_static().id


@pytest.fixture
def lab(shared_outside: Outside) -> Network:
    commit(shared_outside, LAB, CreateNetwork(LAB))
    return advance(shared_outside, LAB, PutPeer(PeerRecord(a_static(), None)))


class Recorded:
    """Keeps the facts that are inserted."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def insert(self, *facts: Fact) -> None:
        self.facts += facts


Told = tuple[PeerId, int, str | None]


def tell(outside: Outside, *seen: Told, network_id: NetworkId = LAB.id) -> list[tuple[PeerId, int]]:
    """Handshakes at seconds after T0, told at T0 + 1 h; answers who awoke when."""
    recorded = Recorded()
    told = [(peer_id, T0 + timedelta(seconds=at), endpoint) for peer_id, at, endpoint in seen]
    Observations(outside.sightings, recorded, outside.peers).take(network_id, told, T0 + timedelta(hours=1))
    return [(fact.peer_id, round((fact.at - T0).total_seconds())) for fact in recorded.facts]


def kept(outside: Outside, peer_ids: Collection[PeerId] = (PHONE,)) -> Mapping[PeerId, tuple[int, str | None]]:
    found = outside.sightings.of(LAB.id, peer_ids)
    return {one: (round((seen.handshake_at - T0).total_seconds()), seen.endpoint) for one, seen in found.items()}


def test_the_latest_handshake_of_a_network_stays(shared_outside: Outside, lab: Network) -> None:
    tell(shared_outside, (PHONE, 9, None))
    tell(shared_outside, (PHONE, 0, None))
    tell(shared_outside, (PHONE, 60, None), network_id=a_network(name="other").id)

    seen = Sighting(T0 + timedelta(seconds=9), T0 + timedelta(hours=1))
    assert shared_outside.sightings.of(LAB.id, [PHONE]) == {PHONE: seen}


def test_a_peer_that_moved_without_a_handshake_is_seen_where_it_is(shared_outside: Outside, lab: Network) -> None:
    for endpoint in ("203.0.113.5:1", "203.0.113.9:2", None, "203.0.113.5:1"):
        tell(shared_outside, (PHONE, 0, endpoint))

        assert kept(shared_outside) == {PHONE: (0, endpoint)}


def test_a_handshake_after_a_silence_is_an_awakening(shared_outside: Outside, lab: Network) -> None:
    awoke = [at for at in (0, 0, 179, 60, 358, 538) if tell(shared_outside, (PHONE, at, None))]

    assert awoke == [0, 538]


def test_a_handshake_later_than_the_word_of_it_is_as_late_as_the_word(shared_outside: Outside, lab: Network) -> None:
    tell(shared_outside, (PHONE, 7200, None))

    assert kept(shared_outside) == {PHONE: (3600, None)}


@pytest.mark.parametrize("number", [1, 60, 130])
def test_each_of_many_is_kept_and_awakes_for_itself(shared_outside: Outside, lab: Network, number: int) -> None:
    peers = [a_dynamic(index) for index in range(2, 2 + number)]
    network = lab
    for at in range(0, number, 90):
        network = advance(shared_outside, network, *(PutPeer(PeerRecord(peer, None)) for peer in peers[at : at + 90]))
    ids = [peer.id for peer in peers]

    assert tell(shared_outside, *((peer_id, 5, "a") for peer_id in ids)) == [(peer_id, 5) for peer_id in sorted(ids)]
    assert tell(shared_outside, *((peer_id, 6, "b") for peer_id in ids)) == []
    assert kept(shared_outside, ids) == dict.fromkeys(ids, (6, "b"))


def test_who_is_not_of_the_network_leaves_no_trace(shared_outside: Outside, lab: Network) -> None:
    other = a_network("10.1.0.0/24", name="other")
    commit(shared_outside, other, CreateNetwork(other))
    nobody = [PeerId(f"dyn_{number:026}") for number in range(120)]

    assert tell(shared_outside, *((one, 5, None) for one in nobody), (PHONE, 5, None)) == [(PHONE, 5)]
    assert tell(shared_outside, (PHONE, 5, None), network_id=other.id) == []
    assert kept(shared_outside, [*nobody, PHONE]) == {PHONE: (5, None)}
    assert shared_outside.sightings.of(other.id, [PHONE]) == {}


def test_what_was_seen_of_a_peer_goes_with_it(shared_outside: Outside, lab: Network) -> None:
    tell(shared_outside, (PHONE, 5, None))

    advance(shared_outside, lab, ForgetSighting(LAB.id, PHONE))

    assert kept(shared_outside) == {}


def test_a_handshake_that_many_jumps_see_is_one_awakening(shared_outside: Outside, lab: Network) -> None:
    assert race(lambda _: bool(tell(shared_outside, (PHONE, 0, None)))) == 1
    assert race(lambda _: bool(tell(shared_outside, (PHONE, 900, None)))) == 1


def test_the_latest_handshake_stays_whoever_saw_it_first(shared_outside: Outside, lab: Network) -> None:
    seconds: Sequence[int] = [(number * 7) % RACERS for number in range(RACERS)]

    race(lambda number: bool(tell(shared_outside, (PHONE, seconds[number], None))))

    assert kept(shared_outside) == {PHONE: (max(seconds), None)}
