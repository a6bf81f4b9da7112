"""Agent sessions and the assertions that opened them; browser tickets."""

import uuid
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError

from chalicelib.adapters.dynamodb.peer import PeerItem
from chalicelib.adapters.dynamodb.table import Table, epoch
from chalicelib.adapters.dynamodb.transact import Cancelled, Transaction
from chalicelib.domain.identity.principal import Agent, Viewer
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId
from chalicelib.ports.identity import Assertion
from chalicelib.ports.sessions import AgentSession, Ticket
from chalicelib.ports.transactions import CommitConflict


class SessionItem(Table):
    """`sessions`: an agent's session, `session#id`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    network_id = UnicodeAttribute()
    admission = UnicodeAttribute(default="")
    secret = UnicodeAttribute()
    expires_at = NumberAttribute()


class AssertionItem(Table):
    """`sessions`: an assertion that was used, `assertion#id`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    expires_at = NumberAttribute()


class TicketItem(Table):
    """`sessions`: a browser's ticket, `ticket#id`."""

    class Meta(Table.Meta):
        table_name = "sessions"

    principal = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    networks: ListAttribute[Any] = ListAttribute(null=True)
    account_revision = NumberAttribute(default=0)
    secret = UnicodeAttribute()
    socket_expires_at = UTCDateTimeAttribute()
    expires_at = NumberAttribute()
    taken_by = UnicodeAttribute(null=True)


class DynamoSessions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(
        self, session_id: str, session: AgentSession, assertion: Assertion, device_key: str, now: datetime
    ) -> bool:
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
        transaction = Transaction[object](self._connection)
        peer = PeerItem(agent.network_id, agent.peer_id)
        is_let_in = PeerItem.refused_until.does_not_exist() | (PeerItem.refused_until <= epoch(now))
        transaction.check(peer, peer, (PeerItem.device_key == device_key) & is_let_in)
        transaction.put(burnt, burnt, AssertionItem.item.does_not_exist())
        transaction.put(item, item)
        try:
            transaction.send()
        except Cancelled as cancelled:
            if burnt in cancelled.unmet:
                return False
            raise CommitConflict from cancelled
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

    def refuse(self, agent: Agent, session_id: str, until: datetime) -> None:
        transaction = Transaction[object](self._connection)
        session, peer = SessionItem(agent.peer_id, _key(session_id)), PeerItem(agent.network_id, agent.peer_id)
        transaction.delete(session, session)
        refused = PeerItem.refused_until.set(epoch(until))
        transaction.update(peer, peer, [refused], PeerItem.network_id.exists())
        try:
            transaction.send()
        except Cancelled as cancelled:
            if peer not in cancelled.unmet:
                raise CommitConflict from cancelled

    def end_all(self, peer_id: PeerId) -> None:
        for item in SessionItem.query(peer_id, SessionItem.item.startswith(_key("")), consistent_read=True):
            item.delete()

    def put_ticket(self, ticket_id: str, ticket: Ticket) -> None:
        seen = ticket.viewer.networks
        TicketItem(
            ticket.viewer.id,
            _ticket_key(ticket_id),
            networks=None if seen is None else sorted(seen),
            account_revision=ticket.viewer.account_revision,
            secret=ticket.secret,
            socket_expires_at=ticket.socket_expires_at,
            expires_at=epoch(ticket.expires_at),
        ).save()

    def take_ticket(self, principal_id: PrincipalId, ticket_id: str) -> Ticket | None:
        item, by = TicketItem(principal_id, _ticket_key(ticket_id)), uuid.uuid4().hex
        is_free = TicketItem.taken_by.does_not_exist() | (TicketItem.taken_by == by)  # again, when an answer was lost
        try:
            item.update([TicketItem.taken_by.set(by)], condition=TicketItem.principal.exists() & is_free)
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return None
        return _ticket(item)


def _ticket_key(ticket_id: str) -> str:
    return f"ticket#{ticket_id}"


def _ticket(item: TicketItem) -> Ticket:
    networks = None if item.networks is None else frozenset(map(NetworkId, item.networks))
    return Ticket(
        Viewer(PrincipalId(item.principal), networks, int(item.account_revision)),
        Secret(item.secret),
        datetime.fromtimestamp(int(item.expires_at), UTC),
        item.socket_expires_at,
    )


def _key(session_id: str) -> str:
    return f"session#{session_id}"
