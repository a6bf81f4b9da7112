"""What a network leaves goes some rows at a time, and nothing of another."""

from datetime import timedelta

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.rollout import Expected, Mark
from chalicelib.domain.change.writes import CreateNetwork, FreeAddress, TakeAddress
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.network.addresses import Allocation, Span
from tests.builders import T0, a_dynamic, a_network
from tests.contracts.stores import advance, commit

EVERY = Span(0, 2**16)


def test_all_rows_of_one_network_go_and_of_another_none(outside: Outside) -> None:
    for name, cidr in (("gone", "10.1.0.0/16"), ("kept", "10.2.0.0/16")):
        network = a_network(cidr, name=name)
        commit(outside, network, CreateNetwork(network))
        for at in (1, 81):
            taken = (TakeAddress(network.id, a_dynamic().id, Allocation(at + index)) for index in range(80))
            network = advance(outside, network, *taken)
        advance(outside, network, FreeAddress(network.id, 7, T0))
        agent = PeerId(f"dyn_{name}")
        outside.rollouts.expect(network.id, {Revision(2): Expected(frozenset({agent}), T0)}, T0)
        outside.rollouts.count(network.id, [Mark(agent, Revision(2), timedelta(0))], T0)
    gone, kept = a_network(name="gone").id, a_network(name="kept").id

    steps = 0
    while outside.leftovers.sweep(gone):
        steps += 1

    assert 2 < steps < 10
    assert not list(outside.allocations.taken(gone, EVERY))
    assert not list(outside.allocations.freed(gone))
    assert not outside.changes.between(gone, Revision(0))
    assert not outside.rollouts.rollouts(gone, Revision(1), Revision(9))
    assert len(list(outside.allocations.taken(kept, EVERY))) == 160
    assert len(outside.changes.between(kept, Revision(0))) == 4
    assert outside.rollouts.rollouts(kept, Revision(1), Revision(9))[Revision(2)].applied == 1
