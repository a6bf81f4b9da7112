"""Rows of open sockets."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, PrincipalId
from chalicelib.ports.sockets import Connection, place_of


class SocketItem(Table):
    """`sockets`: a row of an open socket, `holder#connection_id`."""

    AGENTS, BROWSERS = ("d", "k"), ("t", "v")  # bounds around dyn_ and jmp_; around tok_ and usr_

    class Meta(Table.Meta):
        table_name = "sockets"

    network_id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    connected_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute()


class DynamoConnections:
    def add(self, rows: Sequence[Connection]) -> None:
        if len(rows) == 1:
            _item(rows[0]).save()
            return
        with SocketItem.batch_write() as batch:
            for row in rows:
                batch.save(_item(row))

    def remove(self, row: Connection) -> None:
        SocketItem(row.network_id, _key(row.holder, row.connection_id)).delete()

    def of_agents(self, network_id: NetworkId) -> list[Connection]:
        return _values(SocketItem.query(network_id, SocketItem.item.between(*SocketItem.AGENTS), consistent_read=True))

    def of_agent(self, network_id: NetworkId, peer_id: PeerId) -> list[Connection]:
        own = SocketItem.item.startswith(_key(peer_id, ConnectionId("")))
        return _values(SocketItem.query(network_id, own, consistent_read=True))

    def of_person(self, person_id: PrincipalId) -> list[Connection]:
        return self.of_browsers(place_of(person_id))

    def of_browsers(self, network_id: NetworkId) -> list[Connection]:
        return _values(
            SocketItem.query(network_id, SocketItem.item.between(*SocketItem.BROWSERS), consistent_read=True)
        )


def _key(holder: PeerId | PrincipalId, connection_id: ConnectionId) -> str:
    return f"{holder}#{connection_id}"


def _item(row: Connection) -> SocketItem:
    return SocketItem(
        row.network_id,
        _key(row.holder, row.connection_id),
        connected_at=row.connected_at,
        expires_at=epoch(row.expires_at),
    )


def _values(items: Iterable[SocketItem]) -> list[Connection]:
    return [_value(item) for item in items]


def _value(item: SocketItem) -> Connection:
    holder, _, connection_id = item.item.partition("#")
    return Connection(
        NetworkId(item.network_id),
        PeerId(holder) if holder < SocketItem.AGENTS[1] else PrincipalId(holder),
        ConnectionId(connection_id),
        item.connected_at,
        datetime.fromtimestamp(int(item.expires_at), UTC),
    )
