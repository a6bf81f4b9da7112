"""Agent sessions and the assertions that opened them; browser tickets."""

from datetime import UTC, datetime
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.dynamodb.models import AssertionItem, PeerItem, SessionItem, TicketItem
from chalicelib.adapters.dynamodb.values import epoch
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId
from chalicelib.domain.principal import Agent, Viewer
from chalicelib.domain.tokens import Secret
from chalicelib.ports import AgentSession, Assertion, Moved, Ticket


class DynamoSessions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, session_id: str, session: AgentSession, assertion: Assertion, device_key: str) -> bool:
        agent = session.agent
        burnt = AssertionItem(agent.peer_id, f"assertion#{assertion.id}", expires_at=epoch(assertion.expires_at))
        item = SessionItem(
            agent.peer_id,
            _key(session_id),
            network_id=agent.network_id,
            admission=agent.admission,
            secret=session.secret,
            expires_at=epoch(session.expires_at),
        )
        try:
            with TransactWrite(connection=self._connection) as transaction:
                own = PeerItem.device_key == device_key
                transaction.condition_check(PeerItem, agent.network_id, agent.peer_id, condition=own)
                transaction.save(burnt, condition=AssertionItem.item.does_not_exist())
                transaction.save(item)
        except TransactWriteError as error:
            if error.cause_response_code != "TransactionCanceledException":
                raise
            _, of_assertion, _ = error.cancellation_reasons  # condition checks first, then puts as they were queued
            if of_assertion is not None and of_assertion.code == "ConditionalCheckFailed":
                return False
            raise Moved from error
        return True

    def get(self, peer_id: PeerId, session_id: str) -> AgentSession | None:
        try:
            item = SessionItem.get(peer_id, _key(session_id), consistent_read=True)
        except SessionItem.DoesNotExist:
            return None
        return AgentSession(
            Agent(NetworkId(item.network_id), peer_id, item.admission),
            Secret(item.secret),
            datetime.fromtimestamp(int(item.expires_at), UTC),
        )

    def end_all(self, peer_id: PeerId) -> None:
        for item in SessionItem.query(peer_id, SessionItem.item.startswith(_key("")), consistent_read=True):
            item.delete()

    def put_ticket(self, ticket_id: str, ticket: Ticket) -> None:
        seen = ticket.viewer.networks
        TicketItem(
            ticket.viewer.id,
            _ticket_key(ticket_id),
            networks=None if seen is None else sorted(seen),
            secret=ticket.secret,
            socket_expires_at=ticket.socket_expires_at,
            expires_at=epoch(ticket.expires_at),
        ).save()

    def take_ticket(self, principal_id: PrincipalId, ticket_id: str) -> Ticket | None:
        exists = TicketItem.principal.exists()  # what decides between two; the old image alone does not everywhere
        try:
            taken = TicketItem._get_connection().delete_item(
                principal_id, _ticket_key(ticket_id), condition=exists, return_values="ALL_OLD"
            )
        except DeleteError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return None
        return _ticket(taken["Attributes"])


def _ticket_key(ticket_id: str) -> str:
    return f"ticket#{ticket_id}"


def _ticket(attributes: dict[str, Any]) -> Ticket:
    item = TicketItem()
    item.deserialize(attributes)
    networks = None if item.networks is None else frozenset(map(NetworkId, item.networks))
    return Ticket(
        Viewer(PrincipalId(item.principal), networks),
        Secret(item.secret),
        datetime.fromtimestamp(int(item.expires_at), UTC),
        item.socket_expires_at,
    )


def _key(session_id: str) -> str:
    return f"session#{session_id}"
