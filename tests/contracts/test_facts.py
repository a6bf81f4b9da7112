"""What became true of peers, over every engine."""

from collections.abc import Collection
from dataclasses import replace

from chalicelib.adapters.dynamodb.facts import FactItem, fact_value
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.presence import Fact, FactKind
from tests.builders import T0, a_static


def test_a_fact_recorded_twice_is_one(outside: Outside, lab: Network) -> None:
    fact = Fact(lab.id, a_static().id, FactKind.HANDSHAKE, T0)
    other = replace(fact, kind=FactKind.CONNECTED)

    outside.facts.insert(fact)
    outside.facts.insert(fact, other)

    assert sorted(stored(outside, fact.peer_id), key=lambda one: one.kind) == [other, fact]


def stored(outside: Outside, peer_id: PeerId) -> Collection[Fact]:
    """What the stream would be handed; no port reads it."""
    if isinstance(outside, MemoryOutside):
        return list(outside.tables.facts)
    return [fact_value(item) for item in FactItem.query(peer_id, FactItem.item.startswith("fact#"))]
