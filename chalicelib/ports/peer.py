"""The store of peers."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.peer.peer import Kind, Peer, PeerRecord, Tombstone


class PeerStore(Protocol):
    def get(self, network_id: NetworkId, peer_id: PeerId) -> PeerRecord:
        """Raises PeerNotFound."""
        ...

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[Peer]:
        """Those that exist, in no order; 1 request a hundred."""
        ...

    def records_of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[PeerRecord]:
        """Those that exist with their credentials, in no order; 1 request a hundred."""
        ...

    def page(self, network_id: NetworkId, after: PeerId | None, limit: int, kind: Kind | None = None) -> list[Peer]:
        """Up to `limit` peers in the order of their ids, after one; of one kind, or of all."""
        ...

    def records(self, network_id: NetworkId, limit: int) -> list[PeerRecord]:
        """Up to `limit` peers with their credentials, in the order of their ids."""
        ...

    def all(self, network_id: NetworkId) -> list[Peer]:
        """Not a snapshot when it takes several pages: compare the network's revision before and after."""
        ...

    def keyed(self, network_id: NetworkId) -> frozenset[PeerId]:
        """The peers whose key is known, by the claims on their keys: a fifth of what it takes to read `all`."""
        ...

    def jumps(self, network_id: NetworkId) -> list[Peer]: ...

    def statics(self, network_id: NetworkId, limit: int) -> list[Peer]:
        """Up to `limit` static peers in the order of their ids."""
        ...

    def routers(self, network_id: NetworkId) -> list[Peer]:
        """Regular peers with CIDRs behind them: 1 request, and 1 a hundred of them."""
        ...

    def tombstone(self, network_id: NetworkId, peer_id: PeerId) -> Tombstone | None: ...


@dataclass(frozen=True, slots=True)
class Holding:
    """An index with its holder, None in quarantine."""

    allocation: Allocation
    peer_id: PeerId | None
