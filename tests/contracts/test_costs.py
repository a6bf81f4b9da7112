"""What use cases cost in requests that leave for DynamoDB, whatever the size of the network."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from chalicelib.adapters.dynamodb.allocation import AllocationItem, index_key
from chalicelib.adapters.dynamodb.peer import ClaimItem, PeerItem, claim_key, record_item
from chalicelib.adapters.memory.outside import MemoryOutside
from chalicelib.application.peers.new_peer import NewPeer
from chalicelib.bootstrap.container import Container
from chalicelib.domain.change.writes import Commit, CreateNetwork
from chalicelib.domain.ids import PeerId
from chalicelib.domain.peer.patch import PeerPatch
from chalicelib.domain.peer.peer import Kind, PeerRecord
from tests.builders import ADMINISTRATOR, a_dynamic, a_jump, a_key, a_network
from tests.contracts.stores import change
from tests.wired import Wire, wired, wired_outside

HUB = a_jump(1)
SIZES = [10, 1_000, 60_000]


@pytest.fixture(params=SIZES, scope="module")
def deployment(request: pytest.FixtureRequest) -> Iterator[tuple[Container, Wire]]:
    """A /16 with so many peers, filled in bulk past the use cases; the tests follow each other on it."""
    with wired() as wire:
        settings, outside = wired_outside()
        fill(outside, request.param)
        yield Container(settings, outside), wire


def fill(outside: MemoryOutside, size: int) -> None:
    """Rows as the use cases leave them: addresses and names of all, items of those that stand first."""
    network = a_network("10.0.0.0/16", name="lab")
    network = replace(
        network,
        secret=outside.vault.seal_new(network.id),
        peers=size,
        next_index=size + 1,
        preferences={HUB.id: size - 1},
    )
    outside.transactions.commit(Commit(change(network), (CreateNetwork(network),)))
    with AllocationItem.batch_write() as batch:
        for index in range(1, size + 1):
            batch.save(AllocationItem(network.id, index_key(index), peer_id=f"dyn_{index:08d}"))
    with ClaimItem.batch_write() as names:
        for index in range(2, min(size, 1_000) + 1):
            names.save(ClaimItem(network.id, claim_key("label", f"peer-{index}"), peer_id=f"dyn_{index:08d}"))
    with PeerItem.batch_write() as peers:
        peers.save(record_item(PeerRecord(HUB, None)))
        for index in range(2, min(size, 1_000) + 1):
            peer = replace(a_dynamic(index), id=PeerId(f"dyn_{index:08d}"), network_id=network.id)
            peers.save(record_item(PeerRecord(peer, None)))


def test_creating_a_peer_costs_the_same_at_any_size(deployment: tuple[Container, Wire]) -> None:
    container, wire = deployment
    network_id = HUB.network_id

    def create(new: NewPeer) -> Callable[[], object]:
        return lambda: container.creation.create(network_id, new, ADMINISTRATOR)

    agent = wire.operations(create(NewPeer(name="new", kind=Kind.DYNAMIC)))
    phone = wire.operations(create(NewPeer(name="phone", kind=Kind.STATIC, public_key=a_key("phone"))))

    assert agent == {"GetItem": 1, "Query": 1, "TransactWriteItems": 1}  # network, allocations
    assert phone == {"GetItem": 1, "Query": 2, "TransactWriteItems": 1}  # and jumps


def test_changing_a_peer_costs_the_same_at_any_size(deployment: tuple[Container, Wire]) -> None:
    container, wire = deployment
    one = PeerId("dyn_00000002")

    renamed = wire.operations(
        lambda: container.peers.update(HUB.network_id, one, PeerPatch(name="another"), ADMINISTRATOR)
    )
    blocked = wire.operations(lambda: container.peers.block(HUB.network_id, one, None, ADMINISTRATOR))

    # network and peer; then as it is shown: jumps, presence, sightings
    shown = {"Query": 1, "BatchGetItem": 2}
    assert renamed == blocked == {"GetItem": 2, "TransactWriteItems": 1, **shown}
