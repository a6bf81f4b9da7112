"""What became true of peers, over every engine."""

from dataclasses import replace

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.presence import Fact, FactKind
from tests.builders import T0, a_static


def test_a_fact_recorded_twice_is_one(outside: Outside, lab: Network) -> None:
    fact = Fact(lab.id, a_static().id, FactKind.HANDSHAKE, T0)

    outside.facts.insert(fact)
    outside.facts.insert(fact, replace(fact, kind=FactKind.CONNECTED))
    outside.facts.insert()

    assert outside.presence.of([fact.peer_id]) == {}
