"""Sockets of browsers: a ticket opens one, once; it sees what its person may see.

Requests: issue 1, admit 1, open 2 (1 more for each further 25 networks), close 1 and 1 a network.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.application.identity.access import Access
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.api_token import person_of
from chalicelib.domain.identity.principal import Principal, Viewer
from chalicelib.domain.identity.tokens import Token, parse_token
from chalicelib.domain.ids import EVERY_NETWORK, ConnectionId, PrincipalId
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.sessions import SessionStore, Ticket
from chalicelib.ports.sockets import Connection, ConnectionStore, place_of

TICKET_LIFETIME = timedelta(seconds=30)
SOCKET_LIFETIME = timedelta(hours=1)
KEEP_ALIVE = timedelta(minutes=4)  # API Gateway drops a socket that is idle for 10 minutes


@dataclass(frozen=True, slots=True)
class Browsers:
    sessions: SessionStore
    connections: ConnectionStore
    access: Access
    clock: Clock
    randomness: Randomness

    def issue(self, by: Principal) -> tuple[Token, Ticket]:
        """Make a ticket for whoever asks; the socket it opens ends with their token."""
        now = self.clock.now()
        ticket_id = self.randomness.new_id("tkt")
        token = Token("wirety_ticket", f"{by.id}:{ticket_id}", self.randomness.secret())
        ends = now + SOCKET_LIFETIME if by.expires_at is None else min(by.expires_at, now + SOCKET_LIFETIME)
        viewer = Viewer(by.id, by.watched, by.account_revision)
        ticket = Ticket(viewer, token.hashed(), min(now + TICKET_LIFETIME, ends), ends)
        self.sessions.put_ticket(ticket_id, ticket)
        return token, ticket

    def admit(self, text: str) -> Ticket:
        """Take a ticket.

        Raises:
            Unauthenticated: not a ticket, or unknown, used, expired.
        """
        token = parse_token(text, "wirety_ticket")
        principal_id, _, ticket_id = token.record.partition(":")
        taken = self.sessions.take_ticket(PrincipalId(principal_id), ticket_id)
        if taken is None or not token.proves(taken.secret) or self.clock.now() >= taken.expires_at:
            raise Unauthenticated("The ticket was used or has expired. Ask for a new one.")
        return taken

    def open(self, viewer: Viewer, connection_id: ConnectionId, expires_at: datetime) -> None:
        """Store a socket that a ticket was taken for.

        Who ends sockets looks for them once an account is other: either it finds this one, or this finds the account
        so.

        Raises:
            Unauthenticated: who looks may see something else by now.
        """
        rows = _rows(viewer, connection_id, self.clock.now(), expires_at)
        self.connections.add(rows)
        try:
            self.access.require_unchanged(viewer)
        except Unauthenticated:
            for row in rows:
                self.connections.remove(row)
            raise

    def close(self, viewer: Viewer, connection_id: ConnectionId) -> None:
        now = self.clock.now()
        for row in _rows(viewer, connection_id, now, now):
            self.connections.remove(row)


def _rows(viewer: Viewer, connection_id: ConnectionId, connected_at: datetime, ends_at: datetime) -> list[Connection]:
    seen = [EVERY_NETWORK] if viewer.networks is None else sorted(viewer.networks)
    places = [place_of(person_of(viewer.id)), *seen]
    return [Connection(place, viewer.id, connection_id, connected_at, ends_at) for place in places]
