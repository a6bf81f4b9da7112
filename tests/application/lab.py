"""A network whose use cases are counted as they leave for DynamoDB: however many peers it has, they cost the same.

The larger size is more than a batch of any kind holds: what grows with the network, grows by then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chalicelib.adapters.dynamodb.allocation import AllocationItem, index_key
from chalicelib.adapters.dynamodb.network import network_item
from chalicelib.adapters.dynamodb.peer import ClaimItem, PeerItem, claim_key, record_item
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.peer import Peer, PeerRecord
from tests.builders import a_static
from tests.wired import WiredWorld, wired_world
from tests.world import SimulatedAgent

SIZES = [1, 120]
AUTH = 1  # the caller's token or session is one read
LIMIT = 1  # a call that writes is counted by one write
APPLIED = {"type": "applied", "generation": 1, "revision": 3, "hash": "h", "ok": True, "ms": 9}
BROWSERS = 2  # those of this network, those that see all


@dataclass
class Lab:
    """A network of many static peers behind one jump, and a dynamic peer."""

    world: WiredWorld
    hub: SimulatedAgent
    left: SimulatedAgent
    path: str

    def counted(self, method: str, path: str, body: object = None, token: str | None = None) -> dict[str, int]:
        """The requests that a person's or token's call makes, but for the one that counts it where it writes."""
        requests = Counter(self.world.counted(lambda: self.world.api(method, path, body, token)))
        if method != "GET" and not path.startswith("/agent/"):
            assert requests["write"] >= LIMIT, f"{method} {path} is not counted"
            requests["write"] -= LIMIT
        return dict(+requests)


@contextmanager
def a_lab(size: int) -> Iterator[Lab]:
    with wired_world() as world:
        network_id = NetworkId(world.network(cidr="10.0.0.0/16"))
        hub, left = world.agent(network_id, "jump", "hub"), world.agent(network_id, "dynamic", "left")
        fill(world, network_id, PeerId(hub.peer_id), size)
        world.settle()
        for agent in (hub, left):
            agent.connect()
            agent.fetch()
        world.settle()
        yield Lab(world, hub, left, f"/networks/{network_id}/peers")


def fill(world: WiredWorld, network_id: NetworkId, home_id: PeerId, size: int) -> None:
    """Static peers, as the use cases leave them."""
    peers = [replace(a_static(index), network_id=network_id, home_id=home_id) for index in range(3, 3 + size)]
    store_peers(peers)
    with ClaimItem.batch_write() as claims:
        for peer in peers:
            claims.save(ClaimItem(network_id, claim_key("label", peer.label), peer_id=peer.id))
    with AllocationItem.batch_write() as allocations:
        for peer in peers:
            allocations.save(AllocationItem(network_id, index_key(peer.index), peer_id=peer.id))
    network = world.outside.networks.get(network_id)
    network_item(replace(network, peers=2 + size, next_index=3 + size)).save()


def store_peers(peers: Iterable[Peer]) -> None:
    with PeerItem.batch_write() as items:
        for peer in peers:
            items.save(record_item(PeerRecord(peer, None)))
