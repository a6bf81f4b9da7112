"""WebSocket: authorize, connect, frames, disconnect, of agents and of browsers.

Who holds a socket is in the authorizer's context, which travels with every frame. What
`$default` returns does not reach the client: answers go through the gateway. Nothing is
pushed from here; the streams do that.
"""

from typing import Any

import msgspec

from chalicelib.application.agents.floods import MOST
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Unauthenticated
from chalicelib.entrypoints.origin import came_by_the_origin
from chalicelib.entrypoints.sockets import agents, browsers
from chalicelib.entrypoints.sockets.event import (
    AGENT,
    BROWSER,
    Event,
    SocketContext,
    allow,
    connection_id,
    context_of,
    deny,
    expires_at,
    headers_of,
)
from chalicelib.observability import logger


def authorize(event: Event) -> dict[str, Any]:
    """Allow `$connect` with an agent's session in the handshake header, or a browser's ticket in the query.

    What comes past the one origin is denied before a ticket is used up.
    """
    if not came_by_the_origin(headers_of(event)):
        logger.info("socket_refused", extra={"code": "wrong_origin"})
        return deny(event)
    ticket = (event.get("queryStringParameters") or {}).get("ticket")
    try:
        held = agents.session(event) if ticket is None else browsers.ticket(ticket)
    except Unauthenticated as refusal:
        logger.info("socket_refused", extra={"code": refusal.code})
        return deny(event)
    logger.info("socket_authorized", extra={"holder": held.holder})
    return allow(event, held)


def connect(event: Event) -> dict[str, Any]:
    held = context_of(event)
    try:
        _of(held).open_socket(held, connection_id(event))
    except Unauthenticated as refusal:  # after the authorizer had allowed it
        logger.info("socket_refused", extra={"code": refusal.code, "holder": held.holder})
        return {"statusCode": 401}
    logger.info("socket_opened", extra={"holder": held.holder, "connection_id": connection_id(event)})
    return {"statusCode": 200}


def message(event: Event) -> dict[str, Any]:
    held = context_of(event)
    if container().clock.now() >= expires_at(held):
        container().gateway.dismiss(connection_id(event), "session_ended")
        return {"statusCode": 200}
    frames = container().floods.count(connection_id(event))
    if frames > MOST:
        if frames == MOST + 1:
            _of(held).end_flood(held, connection_id(event))
            logger.warning("socket_flooded", extra={"holder": held.holder, "connection_id": connection_id(event)})
        return {"statusCode": 200}
    try:
        kind = _of(held).take(held, connection_id(event), event.get("body") or "")
    except msgspec.DecodeError as error:
        logger.warning("frame_unreadable", extra={"holder": held.holder, "error": str(error)})
        return {"statusCode": 400}
    logger.info("frame", extra={"holder": held.holder, "type": kind})
    return {"statusCode": 200}


def disconnect(event: Event) -> dict[str, Any]:
    held = context_of(event)
    _of(held).close_socket(held, connection_id(event))
    logger.info("socket_closed", extra={"holder": held.holder, "connection_id": connection_id(event)})
    return {"statusCode": 200}


def _of(held: SocketContext) -> Any:
    """The module for this kind of holder. Raises KeyError: the authorizer knows no such kind."""
    return {AGENT: agents, BROWSER: browsers}[held.kind]
