"""`/ws/tickets`: how a browser, which sends no header with a socket, opens one."""

from http import HTTPStatus

from chalice.app import Blueprint

from chalicelib.bootstrap.container import container
from chalicelib.domain.identity.principal import EVERYBODY, Principal
from chalicelib.entrypoints.rest.routing.operation import Call, People
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.wire.browser_frames import Ticket

tickets = Blueprint(__name__)


@route(tickets, "POST", "/ws/tickets", People(own=EVERYBODY), status=HTTPStatus.CREATED)
def issue(call: Call[Principal, None]) -> Ticket:
    """A ticket for one socket, `<origin>/ws?ticket=`, within 30 s."""
    token, ticket = container().browsers.issue(call.by)
    return Ticket(ticket=token.text(), expires_at=ticket.expires_at)
