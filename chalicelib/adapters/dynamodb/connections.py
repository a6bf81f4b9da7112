"""Open sockets, one row each."""

from datetime import UTC, datetime

from chalicelib.adapters.dynamodb.models import SocketItem
from chalicelib.adapters.dynamodb.values import epoch
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId
from chalicelib.ports import Connection


class DynamoConnections:
    def add(self, connection: Connection) -> None:
        SocketItem(
            connection.network_id,
            _key(connection.peer_id, connection.connection_id),
            connected_at=connection.connected_at,
            expires_at=epoch(connection.expires_at),
        ).save()

    def remove(self, network_id: NetworkId, peer_id: PeerId, connection_id: ConnectionId) -> None:
        SocketItem(network_id, _key(peer_id, connection_id)).delete()

    def of_network(self, network_id: NetworkId) -> list[Connection]:
        return [_value(item) for item in SocketItem.query(network_id, consistent_read=True)]

    def of_peer(self, network_id: NetworkId, peer_id: PeerId) -> list[Connection]:
        own = SocketItem.item.startswith(_key(peer_id, ConnectionId("")))
        return [_value(item) for item in SocketItem.query(network_id, own, consistent_read=True)]


def _key(peer_id: PeerId, connection_id: ConnectionId) -> str:
    return f"{peer_id}#{connection_id}"


def _value(item: SocketItem) -> Connection:
    peer_id, _, connection_id = item.item.partition("#")
    return Connection(
        NetworkId(item.network_id),
        PeerId(peer_id),
        ConnectionId(connection_id),
        item.connected_at,
        datetime.fromtimestamp(int(item.expires_at), UTC),
    )
