"""Connections to the control plane that a tunnel never swallows, to its last addresses where names are not answered."""

import contextlib
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from agent.errors import StateUnusable

NAMES_WITHIN_S = 3.0
TRIED = 4  # addresses of one name

logger = logging.getLogger(__name__)

Options = Sequence[tuple[int, int, int]]


@dataclass(slots=True)
class Dialler:
    """`mark`: of every socket, by which policy routing keeps it out of the tunnel. `known`: host → its last
    addresses; `keep` is called with them when they change."""

    mark: int
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keep: Callable[[Mapping[str, Sequence[str]]], None] = lambda _: None

    def connect(self, host: str, port: int, timeout_s: float, options: Options = ()) -> socket.socket:
        """Raises OSError (TimeoutError among them) of the last address tried."""
        failed: OSError = socket.gaierror(socket.EAI_AGAIN, "the name is not answered, and never was")
        for address in self._addresses(host)[:TRIED]:
            try:
                return self._connected(address, port, timeout_s, options)
            except OSError as refused:
                failed = refused
        raise failed

    def _connected(self, address: str, port: int, timeout_s: float, options: Options) -> socket.socket:
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(PermissionError):  # without CAP_NET_ADMIN it is as any program's
                made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, self.mark)
            for option in options:
                made.setsockopt(*option)
            made.settimeout(timeout_s)
            made.connect((address, port))
        except BaseException:
            made.close()
            raise
        return made

    def _addresses(self, host: str) -> Sequence[str]:
        with contextlib.suppress(ValueError):
            return [str(ip_address(host.strip("[]")))]
        found = _looked_up(host)
        if not found:
            return self.known.get(host, ())
        if found != list(self.known.get(host, ())):
            self.known = {**self.known, host: found}
            try:
                self.keep(self.known)
            except StateUnusable as refused:
                logger.warning("addresses_not_saved", extra={"error": str(refused)})
        return found


def pool_classes(dialler: Dialler) -> dict[str, Any]:
    """For urllib3, by scheme: every connection by a dialler."""

    def dialled(connection: HTTPConnection) -> socket.socket:
        timeout = connection.timeout
        try:
            return dialler.connect(
                connection.host,
                connection.port,
                timeout if isinstance(timeout, int | float) else NAMES_WITHIN_S,
                [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            )
        except TimeoutError as late:
            raise ConnectTimeoutError(connection, "no answer in time") from late
        except OSError as failed:
            raise NewConnectionError(connection, f"no connection ({type(failed).__name__})") from failed

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dialled(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dialled(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _looked_up(host: str) -> list[str]:
    """In bounded time: behind a seal nobody may answer."""
    answers: SimpleQueue[list[str]] = SimpleQueue()
    Thread(target=_look_up, args=(host, answers), daemon=True, name="look up").start()
    try:
        return answers.get(timeout=NAMES_WITHIN_S)
    except Empty:
        return []


def _look_up(host: str, answers: SimpleQueue[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        answers.put([])
    else:
        answers.put(list(dict.fromkeys(str(item[4][0]) for item in found)))
