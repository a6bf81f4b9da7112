"""Connections by which nobody speaks for long: the kernel asks whether the other side lives."""

import contextlib
import socket

KEEPALIVE_S = 45  # under what NATs and mobile networks forget; nothing may be due to be sent for minutes
KEEPALIVE_AGAIN_S = 5
KEEPALIVE_TRIES = 3
UNANSWERED_MS = 30_000


def keep_alive(connection: socket.socket) -> None:
    for option in kept_alive():
        with contextlib.suppress(OSError):  # an old kernel that does not know it
            connection.setsockopt(*option)
    keep_alive_on_old_windows(connection)


def kept_alive() -> list[tuple[int, int, int]]:
    """Socket options by which the kernel asks an idle peer whether it lives: a NAT does not forget the connection, a
    dead path is seen within a minute, and none of it is a message that costs. What a platform lacks is left out."""
    named = (
        ("TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE", KEEPALIVE_S),  # the latter on macOS
        ("TCP_KEEPINTVL", KEEPALIVE_AGAIN_S),
        ("TCP_KEEPCNT", KEEPALIVE_TRIES),
        ("TCP_USER_TIMEOUT", UNANSWERED_MS),
        ("TCP_NODELAY", 1),
    )
    known = ((getattr(socket, name, None), value) for name, value in named)
    options = [(socket.IPPROTO_TCP, option, value) for option, value in known if option is not None]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *options]


def keep_alive_on_old_windows(connection: socket.socket) -> None:
    """Windows before 10 1709 knows none of the options, but this call."""
    values = getattr(socket, "SIO_KEEPALIVE_VALS", None)
    if values is not None and not hasattr(socket, "TCP_KEEPIDLE"):
        connection.ioctl(values, (1, KEEPALIVE_S * 1000, KEEPALIVE_AGAIN_S * 1000))  # type: ignore[attr-defined]
