"""WebSocket: authorize, connect, frames, disconnect.

What `$default` returns does not reach the client: answers go through the gateway. Nothing
is pushed from here; the stream of changes does that.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec

from chalicelib.bootstrap import container
from chalicelib.domain.errors import PeerNotFound, Unauthenticated
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision
from chalicelib.domain.peer import Kind
from chalicelib.domain.presence import heartbeat_interval
from chalicelib.domain.principal import Agent
from chalicelib.entrypoints.heartbeat import acknowledged
from chalicelib.observability import logger
from chalicelib.wire import frames

Event = Mapping[str, Any]


def authorize(event: Event) -> dict[str, Any]:
    """Allow `$connect` with an agent's session in the handshake header; its context travels with every frame."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise Unauthenticated("No session in the handshake.")
        session = container().connections.authorize(token)
    except Unauthenticated as refusal:
        logger.info("socket_refused", extra={"code": refusal.code})
        return _policy("Deny", event["methodArn"], "anonymous", {})
    agent = session.agent
    logger.info("socket_authorized", extra={"peer_id": agent.peer_id})
    context = {
        "network_id": agent.network_id,
        "peer_id": agent.peer_id,
        "expires_at": str(int(session.expires_at.timestamp())),
    }
    return _policy("Allow", event["methodArn"], agent.peer_id, context)


def connect(event: Event) -> dict[str, Any]:
    agent, connection_id = _agent(event), _connection_id(event)
    container().connections.open(agent, connection_id, _expires_at(event))
    logger.info("socket_opened", extra={"peer_id": agent.peer_id, "connection_id": connection_id})
    return {"statusCode": 200}


def message(event: Event) -> dict[str, Any]:
    agent, connection_id = _agent(event), _connection_id(event)
    if container().clock.now() >= _expires_at(event):
        container().gateway.dismiss(connection_id, "session_ended")
        return {"statusCode": 200}
    try:
        frame = frames.from_agent(event.get("body") or "")
    except msgspec.DecodeError as error:
        logger.warning("frame_unreadable", extra={"peer_id": agent.peer_id, "error": str(error)})
        return {"statusCode": 400}
    try:
        _take(agent, connection_id, frame)
    except PeerNotFound:
        container().gateway.dismiss(connection_id, "peer_deleted")
    logger.info("frame", extra={"peer_id": agent.peer_id, "type": frame.__struct_config__.tag})
    return {"statusCode": 200}


def disconnect(event: Event) -> dict[str, Any]:
    agent, connection_id = _agent(event), _connection_id(event)
    container().connections.close(agent, connection_id)
    logger.info("socket_closed", extra={"peer_id": agent.peer_id, "connection_id": connection_id})
    return {"statusCode": 200}


def _take(agent: Agent, connection_id: ConnectionId, frame: frames.FromAgent) -> None:
    match frame:
        case frames.Hello():
            wanted = container().connections.greet(agent, connection_id, frame.instance_id)
            container().gateway.post(connection_id, _welcome(agent, wanted))
        case frames.Heartbeat():
            container().gateway.post(connection_id, acknowledged(agent, frame))
        case frames.Applied():
            container().bundles.applied(agent, Revision(frame.revision), frame.hash, frame.error)
        case _:
            assert_never(frame)


def _welcome(agent: Agent, wanted: Revision) -> frames.Welcome:
    kind = Kind.JUMP if agent.peer_id.startswith("jmp_") else Kind.DYNAMIC
    return frames.Welcome(
        generation=container().settings.generation,
        wanted=wanted,
        heartbeat_interval_s=int(heartbeat_interval(kind).total_seconds()),
    )


def _agent(event: Event) -> Agent:
    context = event["requestContext"]["authorizer"]
    return Agent(NetworkId(context["network_id"]), PeerId(context["peer_id"]))


def _connection_id(event: Event) -> ConnectionId:
    return ConnectionId(event["requestContext"]["connectionId"])


def _expires_at(event: Event) -> datetime:
    return datetime.fromtimestamp(int(event["requestContext"]["authorizer"]["expires_at"]), UTC)


def _policy(effect: str, resource: str, principal: str, context: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }
