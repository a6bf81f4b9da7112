"""Whether jumps live: attributes of an agent's item."""

from datetime import datetime

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.presence import PresenceItem, find, unless_condition, update
from chalicelib.domain.ids import ConnectionId, PeerId
from chalicelib.domain.peer.failover import AgentLiveness


class DynamoLiveness:
    def of(self, peer_id: PeerId) -> AgentLiveness | None:
        item = find(peer_id)
        return None if item is None else _liveness(item)

    def accuse(self, peer_id: PeerId, at: datetime) -> AgentLiveness | None:
        item = PresenceItem(peer_id, PresenceItem.ITEM)
        actions: list[Action] = [PresenceItem.accused_since.set(PresenceItem.accused_since | at)]
        try:
            item.update(actions, condition=PresenceItem.peer_id.exists())
        except UpdateError as error:
            unless_condition(error)
            return None
        return _liveness(item)

    def note_down(self, peer_id: PeerId, at: datetime) -> None:
        update(peer_id, [PresenceItem.fell_at.set(at)])


def heard_last(liveness: AgentLiveness) -> Condition:
    """The agent said nothing since, and opened no other socket."""
    connection, seen = PresenceItem.connection_id, PresenceItem.last_seen
    by_socket = connection.does_not_exist() if liveness.connection_id is None else connection == liveness.connection_id
    at = seen.does_not_exist() if liveness.last_seen is None else seen == liveness.last_seen
    condition: Condition = by_socket & at
    return condition


def _liveness(item: PresenceItem) -> AgentLiveness:
    return AgentLiveness(
        None if item.connection_id is None else ConnectionId(item.connection_id),
        item.last_seen,
        item.accused_since,
        item.fell_at,
        frozenset(map(PeerId, item.unreachable or ())),
        item.closed_at,
    )
