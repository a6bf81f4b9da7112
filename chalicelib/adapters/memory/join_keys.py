"""Join keys of networks, in memory."""

from dataclasses import replace
from typing import assert_never

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.join_key import DeviceHash, Join, JoinKey, JoinKeyState
from chalicelib.domain.identity.writes import JoinKeyWrite, PutJoin, PutJoinKey, RevokeJoinKey, UseJoinKey
from chalicelib.domain.ids import JoinKeyId, NetworkId


class MemoryJoinKeys:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, network_id: NetworkId, key_id: JoinKeyId) -> JoinKey | None:
        return self._tables.join_keys.get((network_id, key_id))

    def with_join(
        self, network_id: NetworkId, key_id: JoinKeyId, device: DeviceHash
    ) -> tuple[JoinKey | None, Join | None]:
        return self.get(network_id, key_id), self._tables.joins.get((key_id, device))

    def page(
        self, network_id: NetworkId, limit: int, after: JoinKeyId | None
    ) -> tuple[list[JoinKey], JoinKeyId | None]:
        own = [key for (owner, _), key in sorted(self._tables.join_keys.items()) if owner == network_id]
        later = [key for key in own if after is None or key.id > after]
        return later[:limit], later[limit - 1].id if len(later) > limit else None


def join_key_holds(tables: MemoryTables, write: JoinKeyWrite) -> bool:
    """Whether the write's own condition is met."""
    match write:
        case PutJoinKey(key):
            return (key.network_id, key.id) not in tables.join_keys
        case RevokeJoinKey(key, _):
            stored = tables.join_keys.get((key.network_id, key.id))
            return stored is not None and stored.revoked_at is None
        case UseJoinKey(key, at):
            stored = tables.join_keys.get((key.network_id, key.id))
            return stored is not None and stored.state(at) is JoinKeyState.ACTIVE
        case PutJoin(join, replaces):
            before = tables.joins.get((join.key_id, join.device))
            return (None if before is None else before.peer_id) == replaces
        case _:
            assert_never(write)


def write_join_key(tables: MemoryTables, write: JoinKeyWrite) -> None:
    match write:
        case PutJoinKey(key):
            tables.join_keys[key.network_id, key.id] = key
        case RevokeJoinKey(key, at):
            stored = tables.join_keys[key.network_id, key.id]
            tables.join_keys[key.network_id, key.id] = replace(stored, revoked_at=at)
        case UseJoinKey(key, at):
            stored = tables.join_keys[key.network_id, key.id]
            tables.join_keys[key.network_id, key.id] = replace(stored, used=stored.used + 1, last_used_at=at)
        case PutJoin(join, _):
            tables.joins[join.key_id, join.device] = join
        case _:
            assert_never(write)
