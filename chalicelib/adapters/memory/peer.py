"""Peers, in memory."""

from collections.abc import Collection

from chalicelib.adapters.memory.tables import PAGE, MemoryTables
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import Kind, Peer, PeerRecord, Tombstone


class MemoryPeers:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, network_id: NetworkId, peer_id: PeerId) -> PeerRecord:
        try:
            return self._tables.peers[network_id, peer_id]
        except KeyError:
            raise PeerNotFound(peer_id) from None

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[Peer]:
        return [record.peer for record in self.records_of(network_id, peer_ids)]

    def records_of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[PeerRecord]:
        found = (self._tables.peers.get((network_id, peer_id)) for peer_id in peer_ids)
        return [record for record in found if record is not None]

    def page(self, network_id: NetworkId, after: PeerId | None, limit: int, kind: Kind | None = None) -> list[Peer]:
        return [record.peer for record in self._query(network_id, after or "", limit, kind)]

    def records(self, network_id: NetworkId, limit: int) -> list[PeerRecord]:
        return self._query(network_id, "", limit)

    def all(self, network_id: NetworkId) -> list[Peer]:
        found: list[Peer] = []
        while page := self._query(network_id, found[-1].id if found else "", PAGE):
            found += (record.peer for record in page)
            if len(page) < PAGE:
                break
            self._tables.adversary.between_pages()
        return found

    def keyed(self, network_id: NetworkId) -> frozenset[PeerId]:
        claims = list(self._tables.claims.items())
        return frozenset(
            PeerId(peer_id) for (network, kind, _), peer_id in claims if (network, kind) == (network_id, "key")
        )

    def jumps(self, network_id: NetworkId) -> list[Peer]:
        return self._of(network_id, Kind.JUMP)

    def statics(self, network_id: NetworkId, limit: int) -> list[Peer]:
        return self._of(network_id, Kind.STATIC)[:limit]

    def routers(self, network_id: NetworkId) -> list[Peer]:
        claims = list(self._tables.claims.items())
        ids = {PeerId(peer_id) for (network, kind, _), peer_id in claims if network == network_id and kind == "route"}
        return self.many(network_id, ids)

    def tombstone(self, network_id: NetworkId, peer_id: PeerId) -> Tombstone | None:
        return self._tables.tombstones.get((network_id, peer_id))

    def _of(self, network_id: NetworkId, kind: Kind) -> list[Peer]:
        prefix = f"{kind.prefix}_"
        keys = [key for key in list(self._tables.peers) if key[1].startswith(prefix) and key[0] == network_id]
        found = (self._tables.peers.get(key) for key in sorted(keys))
        return [record.peer for record in found if record is not None]

    def _query(self, network_id: NetworkId, after: str, limit: int, kind: Kind | None = None) -> list[PeerRecord]:
        stored = list(self._tables.peers.items())
        own = [record for (network, peer_id), record in stored if network == network_id and peer_id > after]
        chosen = (record for record in own if kind is None or record.peer.kind is kind)
        return sorted(chosen, key=lambda record: record.peer.id)[:limit]
