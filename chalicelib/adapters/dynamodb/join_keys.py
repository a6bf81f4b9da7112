"""Join keys of networks, and which machines used them."""

from datetime import UTC, datetime
from typing import Any, assert_never

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.connection import Connection
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.accounts import read_whole
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.adapters.dynamodb.transact import Transaction
from chalicelib.domain.identity.join_key import DeviceHash, Join, JoinKey, PeerTerms
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.writes import JoinKeyWrite, PutJoin, PutJoinKey, RevokeJoinKey, UseJoinKey
from chalicelib.domain.ids import JoinKeyId, NetworkId, PeerId


class JoinKeyItem(Table):
    """`accounts`: a join key, kind `join#network`, by its id. `valid_until`: when it expires; the item is gone some
    time after `expires_at`."""

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    secret = UnicodeAttribute()
    uses = NumberAttribute(null=True)
    used = NumberAttribute(default=0)
    needs_approval = BooleanAttribute(default=False)
    is_ephemeral = BooleanAttribute(default=False)
    tags: ListAttribute[Any] = ListAttribute(default=list)
    is_isolated = BooleanAttribute(default=False)
    full_encapsulation = BooleanAttribute(default=False)
    created_by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    valid_until = NumberAttribute()
    expires_at = NumberAttribute()
    last_used_at = UTCDateTimeAttribute(null=True)
    revoked_at = UTCDateTimeAttribute(null=True)


class JoinItem(Table):
    """`accounts`: the peer that a machine became, kind `joined#key`, by the hash of its device key; TTL as the
    key's."""

    class Meta(Table.Meta):
        table_name = "accounts"

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    peer_id = UnicodeAttribute()
    expires_at = NumberAttribute()


class DynamoJoinKeys:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, network_id: NetworkId, key_id: JoinKeyId) -> JoinKey | None:
        try:
            return join_key_value(JoinKeyItem.get(kind_of_keys(network_id), key_id, consistent_read=True))
        except JoinKeyItem.DoesNotExist:
            return None

    def with_join(
        self, network_id: NetworkId, key_id: JoinKeyId, device: DeviceHash
    ) -> tuple[JoinKey | None, Join | None]:
        of_key, of_join = (kind_of_keys(network_id), key_id), (kind_of_joins(key_id), device)
        found = {raw["kind"]["S"]: raw for raw in read_whole(self._connection, [of_key, of_join])}
        key, join = found.get(of_key[0]), found.get(of_join[0])
        return (
            None if key is None else join_key_value(JoinKeyItem.from_raw_data(key)),
            None if join is None else _join_value(key_id, JoinItem.from_raw_data(join)),
        )

    def page(
        self, network_id: NetworkId, limit: int, after: JoinKeyId | None
    ) -> tuple[list[JoinKey], JoinKeyId | None]:
        later = None if after is None else JoinKeyItem.id > after
        found = [
            join_key_value(item)
            for item in JoinKeyItem.query(kind_of_keys(network_id), later, consistent_read=True, limit=limit + 1)
        ]
        return found[:limit], found[limit - 1].id if len(found) > limit else None


def kind_of_keys(network_id: NetworkId) -> str:
    return f"join#{network_id}"


def kind_of_joins(key_id: JoinKeyId) -> str:
    return f"joined#{key_id}"


def _makes_one_more(at: datetime) -> Condition:
    has_room = JoinKeyItem.uses.does_not_exist() | (JoinKeyItem.used < JoinKeyItem.uses)
    condition: Condition = JoinKeyItem.revoked_at.does_not_exist() & (JoinKeyItem.valid_until > epoch(at)) & has_room
    return condition


def put_join_key(transaction: Transaction[Any], write: JoinKeyWrite) -> None:
    """Add the item of one write."""
    match write:
        case PutJoinKey(key):
            transaction.put(join_key_item(key), write, JoinKeyItem.id.does_not_exist())
        case RevokeJoinKey(key, at):
            item = JoinKeyItem(kind_of_keys(key.network_id), key.id)
            is_valid = JoinKeyItem.id.exists() & JoinKeyItem.revoked_at.does_not_exist()
            transaction.update(item, write, [JoinKeyItem.revoked_at.set(at)], is_valid)
        case UseJoinKey(key, at):
            item = JoinKeyItem(kind_of_keys(key.network_id), key.id)
            counted: list[Action] = [JoinKeyItem.used.set(JoinKeyItem.used + 1), JoinKeyItem.last_used_at.set(at)]
            transaction.update(item, write, counted, _makes_one_more(at))
        case PutJoin(join, replaces):
            is_first = JoinItem.id.does_not_exist()
            transaction.put(join_item(join), write, is_first if replaces is None else JoinItem.peer_id == replaces)
        case _:
            assert_never(write)


def join_key_item(key: JoinKey) -> JoinKeyItem:
    return JoinKeyItem(
        kind_of_keys(key.network_id),
        key.id,
        name=key.name,
        secret=key.secret,
        uses=key.uses,
        used=key.used,
        needs_approval=key.terms.needs_approval,
        is_ephemeral=key.terms.is_ephemeral,
        tags=list(key.terms.tags),
        is_isolated=key.terms.is_isolated,
        full_encapsulation=key.terms.full_encapsulation,
        created_by=key.created_by,
        created_at=key.created_at,
        valid_until=epoch(key.expires_at),
        expires_at=epoch(key.kept_until),
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def join_key_value(item: JoinKeyItem) -> JoinKey:
    terms = PeerTerms(
        item.needs_approval, item.is_ephemeral, tuple(item.tags), item.is_isolated, item.full_encapsulation
    )
    return JoinKey(
        id=JoinKeyId(item.id),
        network_id=NetworkId(item.kind.partition("#")[2]),
        name=item.name,
        secret=Secret(item.secret),
        terms=terms,
        uses=None if item.uses is None else int(item.uses),
        created_by=item.created_by,
        created_at=item.created_at,
        expires_at=datetime.fromtimestamp(int(item.valid_until), UTC),
        used=int(item.used),
        last_used_at=item.last_used_at,
        revoked_at=item.revoked_at,
    )


def join_item(join: Join) -> JoinItem:
    return JoinItem(kind_of_joins(join.key_id), join.device, peer_id=join.peer_id, expires_at=epoch(join.kept_until))


def _join_value(key_id: JoinKeyId, item: JoinItem) -> Join:
    kept_until = datetime.fromtimestamp(int(item.expires_at), UTC)
    return Join(key_id, DeviceHash(item.id), PeerId(item.peer_id), kept_until)
