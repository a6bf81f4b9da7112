"""Peers, what they claim, and what is left of them."""

from collections.abc import Collection
from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.pagination import ResultIterator

from chalicelib.adapters.dynamodb.stored_peer import peer_from, peer_text
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.change.writes import ClaimKind
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import EnrollmentToken, Kind, Peer, PeerRecord, Tombstone


class PeerItem(Table):
    """`peers`: a peer under its id (JSON, see stored), with its enrolment token's hash and device key; `left_key`: the
    device key that gave the peer up."""

    FIRST, LAST = "d", "t"  # dyn_, jmp_ and sta_ lie between; claim# and tombstone# outside

    class Meta(Table.Meta):
        table_name = "peers"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer = UnicodeAttribute()
    enrollment_secret = UnicodeAttribute(null=True)
    enrollment_expires_at = UTCDateTimeAttribute(null=True)
    device_key = UnicodeAttribute(null=True)
    left_key = UnicodeAttribute(null=True)
    refused_until = NumberAttribute(null=True)  # seconds since 1970


class ClaimItem(Table):
    """`peers`: a name, DNS label, public key or CIDR held for one peer, `claim#kind#value`; of the deployment, a
    network's name, and its place in the list of all."""

    class Meta(Table.Meta):
        table_name = "peers"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    peer_id = UnicodeAttribute()


class TombstoneItem(Table):
    """`peers`: what is kept of a deleted peer, `tombstone#id`."""

    class Meta(Table.Meta):
        table_name = "peers"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    device_key = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    deleted_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute()


BOUNDS = {kind: (f"{kind.prefix}_", f"{kind.prefix}`") for kind in Kind}  # "`" follows "_"


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
        found = PeerItem.query(network_id, PeerItem.item.startswith(BOUNDS[Kind.JUMP][0]), consistent_read=True)
        return [peer_from(item.peer) for item in found]

    def statics(self, network_id: NetworkId, limit: int) -> list[Peer]:
        found = PeerItem.query(
            network_id, PeerItem.item.startswith(BOUNDS[Kind.STATIC][0]), consistent_read=True, limit=limit
        )
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


def claim_key(kind: ClaimKind, value: str) -> str:
    return f"claim#{kind}#{value}"


def tombstone_key(peer_id: PeerId) -> str:
    return f"tombstone#{peer_id}"


def record_item(record: PeerRecord) -> PeerItem:
    enrollment = record.enrollment
    return PeerItem(
        record.peer.network_id,
        record.peer.id,
        peer=peer_text(record.peer),
        enrollment_secret=enrollment.secret if enrollment else None,
        enrollment_expires_at=enrollment.expires_at if enrollment else None,
        device_key=record.device_key,
        left_key=enrollment.left_by if enrollment else None,
        refused_until=None if record.refused_until is None else epoch(record.refused_until),
    )


def record_value(item: PeerItem) -> PeerRecord:
    enrollment = None
    if item.enrollment_secret is not None and item.enrollment_expires_at is not None:
        secret = Secret(item.enrollment_secret)
        enrollment = EnrollmentToken(secret, item.enrollment_expires_at, item.device_key, item.left_key)
    refused = None if item.refused_until is None else datetime.fromtimestamp(int(item.refused_until), UTC)
    return PeerRecord(peer_from(item.peer), enrollment, refused)


def tombstone_value(item: TombstoneItem, peer_id: PeerId) -> Tombstone:
    return Tombstone(
        NetworkId(item.network_id), peer_id, item.device_key, Revision(int(item.revision)), item.deleted_at
    )
