"""Sockets that agents hold."""

from typing import assert_never

from chalicelib.application.agents.floods import REFUSED_FOR
from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId, Revision, is_jump
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.peer.presence import heartbeat_interval
from chalicelib.entrypoints.shapes.heartbeats import acknowledged, reported
from chalicelib.entrypoints.sockets.event import AGENT, Event, SocketContext, expires_at, headers_of, until
from chalicelib.wire import frames


def session(event: Event) -> SocketContext:
    """Whose session the handshake brings. Raises Unauthenticated."""
    scheme, _, token = headers_of(event).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("No session in the handshake.")
    session_id, opened = container().connections.authorize(token)
    agent = opened.agent
    end = until(opened.expires_at)
    return SocketContext(AGENT, agent.peer_id, agent.network_id, end, session_id, agent.admission)


def open_socket(held: SocketContext, connection_id: ConnectionId) -> None:
    """Raises Unauthenticated."""
    container().connections.open(_agent(held), held.session, connection_id, expires_at(held))


def take(held: SocketContext, connection_id: ConnectionId, body: str) -> str:
    """Act on a frame; answers its type. Raises msgspec.DecodeError."""
    agent, frame = _agent(held), frames.from_agent(body)
    try:
        _act(agent, held, connection_id, frame)
    except PeerNotFound:
        container().gateway.dismiss(connection_id, "peer_deleted")
    except Unauthenticated:
        container().gateway.dismiss(connection_id, "session_ended")
    return str(frame.__struct_config__.tag)


def end_flood(held: SocketContext, connection_id: ConnectionId) -> None:
    container().floods.refuse(_agent(held), held.session)
    container().gateway.dismiss(connection_id, "session_ended", int(REFUSED_FOR.total_seconds()))


def close_socket(held: SocketContext, connection_id: ConnectionId) -> None:
    container().connections.close(_agent(held), connection_id)


def _act(agent: Agent, held: SocketContext, connection_id: ConnectionId, frame: frames.FromAgent) -> None:
    match frame:
        case frames.Hello():
            wanted = container().connections.greet(agent, connection_id, frame.instance_id, expires_at(held))
            container().gateway.post(connection_id, _welcome(agent, wanted))
        case frames.Heartbeat():
            container().gateway.post(connection_id, acknowledged(agent, frame))
        case frames.Applied():
            reported(agent, frame)
        case frames.ProbeReply():
            container().heartbeats.lives(agent)
        case _:
            assert_never(frame)


def _welcome(agent: Agent, wanted: Revision) -> frames.Welcome:
    kind = Kind.JUMP if is_jump(agent.peer_id) else Kind.DYNAMIC
    return frames.Welcome(
        generation=container().settings.generation,
        wanted=wanted,
        heartbeat_interval_s=int(heartbeat_interval(kind).total_seconds()),
    )


def _agent(held: SocketContext) -> Agent:
    return Agent(NetworkId(held.networks), PeerId(held.holder), held.admission)
