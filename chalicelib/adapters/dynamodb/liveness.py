"""Whether jumps live: attributes of an agent's item."""

from datetime import datetime

from pynamodb.exceptions import UpdateError
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


def _liveness(item: PresenceItem) -> AgentLiveness:
    return AgentLiveness(
        None if item.connection_id is None else ConnectionId(item.connection_id),
        item.last_seen,
        item.accused_since,
        item.fell_at,
        frozenset(map(PeerId, item.unreachable or ())),
        item.closed_at,
    )
