"""Peers, what they claim, and what is left of them."""

from collections.abc import Collection

from pynamodb.pagination import ResultIterator

from chalicelib.adapters.dynamodb.models import ClaimItem, PeerItem, TombstoneItem
from chalicelib.adapters.dynamodb.stored import peer_from
from chalicelib.adapters.dynamodb.values import claim_key, record_value, tombstone_key, tombstone_value
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import Kind, Peer, PeerRecord, Tombstone

BOUNDS = {Kind.JUMP: ("jmp_", "jmp`"), Kind.DYNAMIC: ("dyn_", "dyn`"), Kind.STATIC: ("sta_", "sta`")}  # "`" follows "_"


class DynamoPeers:
    def get(self, network_id: NetworkId, peer_id: PeerId) -> PeerRecord:
        if not PeerItem.FIRST < peer_id < PeerItem.LAST:
            raise PeerNotFound(peer_id)
        try:
            return record_value(PeerItem.get(network_id, peer_id, consistent_read=True))
        except PeerItem.DoesNotExist:
            raise PeerNotFound(peer_id) from None

    def many(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[Peer]:
        if not peer_ids:
            return []
        keys = [(network_id, peer_id) for peer_id in peer_ids]
        return [peer_from(item.peer) for item in PeerItem.batch_get(keys, consistent_read=True)]

    def records_of(self, network_id: NetworkId, peer_ids: Collection[PeerId]) -> list[PeerRecord]:
        if not peer_ids:
            return []
        keys = [(network_id, peer_id) for peer_id in peer_ids]
        return [record_value(item) for item in PeerItem.batch_get(keys, consistent_read=True)]

    def page(self, network_id: NetworkId, after: PeerId | None, limit: int, kind: Kind | None = None) -> list[Peer]:
        # BETWEEN includes its ends: an id followed by a space sorts right after the id itself
        first, last = (PeerItem.FIRST, PeerItem.LAST) if kind is None else BOUNDS[kind]
        start = first if after is None else max(first, f"{after} ")
        return self._query(network_id, start, limit, last) if start < last else []

    def records(self, network_id: NetworkId, limit: int) -> list[PeerRecord]:
        between = PeerItem.item.between(PeerItem.FIRST, PeerItem.LAST)
        return [record_value(item) for item in PeerItem.query(network_id, between, consistent_read=True, limit=limit)]

    def all(self, network_id: NetworkId) -> list[Peer]:
        # as thousands of texts, not of models: those take longer to fill than all the rest of a bundle
        texts: ResultIterator[str] = ResultIterator(
            PeerItem._get_connection().query,
            (network_id, PeerItem.item.between(PeerItem.FIRST, PeerItem.LAST)),
            {"attributes_to_get": [PeerItem.peer.attr_name], "consistent_read": True},
            map_fn=lambda item: item[PeerItem.peer.attr_name]["S"],
        )
        return [peer_from(text) for text in texts]

    def keyed(self, network_id: NetworkId) -> frozenset[PeerId]:
        claims: ResultIterator[PeerId] = ResultIterator(
            ClaimItem._get_connection().query,
            (network_id, ClaimItem.item.startswith(claim_key("key", ""))),
            {"attributes_to_get": [ClaimItem.peer_id.attr_name], "consistent_read": True},
            map_fn=lambda item: PeerId(item[ClaimItem.peer_id.attr_name]["S"]),
        )
        return frozenset(claims)

    def jumps(self, network_id: NetworkId) -> list[Peer]:
        found = PeerItem.query(network_id, PeerItem.item.startswith("jmp_"), consistent_read=True)
        return [peer_from(item.peer) for item in found]

    def statics(self, network_id: NetworkId, limit: int) -> list[Peer]:
        found = PeerItem.query(network_id, PeerItem.item.startswith("sta_"), consistent_read=True, limit=limit)
        return [peer_from(item.peer) for item in found]

    def routers(self, network_id: NetworkId) -> list[Peer]:
        routes = ClaimItem.query(network_id, ClaimItem.item.startswith(claim_key("route", "")), consistent_read=True)
        return self.many(network_id, {PeerId(item.peer_id) for item in routes})

    def tombstone(self, network_id: NetworkId, peer_id: PeerId) -> Tombstone | None:
        try:
            item = TombstoneItem.get(network_id, tombstone_key(peer_id), consistent_read=True)
        except TombstoneItem.DoesNotExist:
            return None
        return tombstone_value(item, peer_id)

    def _query(self, network_id: NetworkId, start: str, limit: int, last: str = PeerItem.LAST) -> list[Peer]:
        between = PeerItem.item.between(start, last)
        return [peer_from(item.peer) for item in PeerItem.query(network_id, between, consistent_read=True, limit=limit)]
