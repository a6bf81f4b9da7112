"""The mark of the agent's own sockets, by which policy routing keeps them out of the tunnel."""

import contextlib
import socket

from agent.host.tunnel.full_tunnel import MARK

SO_MARK: int | None = getattr(socket, "SO_MARK", None)  # Linux alone has it


def mark(made: socket.socket, value: int = MARK) -> None:
    """Mark a socket's packets. Without CAP_NET_ADMIN, or on a system without marks, it stays unmarked."""
    if SO_MARK is not None:
        with contextlib.suppress(PermissionError):
            made.setsockopt(socket.SOL_SOCKET, SO_MARK, value)
