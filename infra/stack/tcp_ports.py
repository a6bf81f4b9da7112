"""TCP ports on loopback: a free one, or a clear word that one is taken."""

import socket

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program listens on a port this needs; the message says how to choose another."""

    def __init__(self, port: int, variable: str) -> None:
        super().__init__(f"port {port} is taken. Stop what listens there, or choose another: make run {variable}=…")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def claim(port: int, variable: str) -> int:
    """The port itself, or a free one for 0.

    Raises:
        PortTaken: it cannot be listened on.
    """
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(port, variable) from error
    return port
