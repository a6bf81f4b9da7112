"""Sockets that browsers hold: they listen, and say that they are still there."""

from typing import assert_never

from chalicelib.application.push.browser_sockets import KEEP_ALIVE
from chalicelib.bootstrap.container import container
from chalicelib.domain.identity.principal import Viewer
from chalicelib.domain.ids import ConnectionId, NetworkId, PrincipalId
from chalicelib.entrypoints.sockets.event import BROWSER, SocketContext, expires_at, until
from chalicelib.wire.browser_frames import BrowserAck, BrowserHeartbeat, BrowserHello, BrowserWelcome, from_browser

ALL = "all"  # no network's id is like it
SEPARATOR = ","


def ticket(text: str) -> SocketContext:
    """Whose ticket it is; it is used up. Raises Unauthenticated."""
    taken = container().browsers.admit(text)
    seen = taken.viewer.networks
    networks = ALL if seen is None else SEPARATOR.join(sorted(seen))
    end, revision = until(taken.socket_expires_at), str(taken.viewer.account_revision)
    return SocketContext(BROWSER, taken.viewer.id, networks, end, revision=revision)


def open_socket(held: SocketContext, connection_id: ConnectionId) -> None:
    """Raises Unauthenticated."""
    container().browsers.open(_viewer(held), connection_id, expires_at(held))


def take(held: SocketContext, connection_id: ConnectionId, body: str) -> str:
    """Answer a frame; answers its type. Raises msgspec.DecodeError."""
    frame = from_browser(body)
    match frame:
        case BrowserHello():
            keep_alive_s = int(KEEP_ALIVE.total_seconds())
            welcome = BrowserWelcome(expires_at=expires_at(held), keep_alive_s=keep_alive_s)
            container().gateway.post(connection_id, welcome)
        case BrowserHeartbeat():
            container().gateway.post(connection_id, BrowserAck())
        case _:
            assert_never(frame)
    return str(frame.__struct_config__.tag)


def end_flood(_held: SocketContext, connection_id: ConnectionId) -> None:
    container().gateway.dismiss(connection_id, "session_ended")


def close_socket(held: SocketContext, connection_id: ConnectionId) -> None:
    container().browsers.close(_viewer(held), connection_id)


def _viewer(held: SocketContext) -> Viewer:
    """Who looks, and at what: at all only where it says so."""
    named = frozenset(map(NetworkId, filter(None, held.networks.split(SEPARATOR))))
    return Viewer(PrincipalId(held.holder), None if held.networks == ALL else named, int(held.revision or 0))
