"""Connections to the control plane that a tunnel never swallows, to its last addresses where names are not answered."""

import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.adapters.control_plane.keepalive import keep_alive
from agent.adapters.control_plane.racing import first_connected
from agent.adapters.families import interleaved, version_of
from agent.adapters.linux.resolution import look_up
from agent.adapters.marking import mark
from agent.errors import StateUnusable
from agent.host.tunnel.full_tunnel import MARK
from agent.host.tunnel.wanted import is_address

NAMES_WITHIN_S = 3.0
TRIED = 8  # addresses of one name, families in turn
KEPT = 8

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Dialler:
    """`mark`: of every socket, by which policy routing keeps it out of the tunnel. `known`: host → its last
    addresses, the one that worked first; `keep` is called with them when they change."""

    mark: int = MARK
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keep: Callable[[Mapping[str, Sequence[str]]], None] = lambda _: None

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A connection within `NAMES_WITHIN_S` for the name and `timeout_s` for all of its addresses.

        Raises:
            socket.gaierror: the name has no address, or nobody answers for it and it was never known.
            TimeoutError: no address answered.
            OSError: why the address that tells most did not take it.
        """
        addresses = self._addresses(host)
        connection = first_connected(addresses[:TRIED], port, timeout_s, self._made)
        if not is_address(host):
            self._keep(host, [_peer(connection), *addresses])
        return connection

    def suspect(self, host: str, silent: str) -> bool:
        """An address took the connection, and then nothing came: large packets may be lost on this way. The other
        family begins the next time; whether there is one."""
        before = self.known.get(host, ())
        others = [address for address in before if version_of(address) != version_of(silent)]
        if others:
            self._keep(host, [*others, *before])
        return bool(others)

    def _made(self, family: int) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            mark(made, self.mark)
            keep_alive(made)
        except BaseException:
            made.close()
            raise
        return made

    def _addresses(self, host: str) -> Sequence[str]:
        before = self.known.get(host, ())
        try:
            found = look_up(host, NAMES_WITHIN_S)
        except OSError:
            if not before:
                raise
            return interleaved(before)
        if not before:
            return found
        worked = [address for address in before[:1] if address in found]
        return interleaved([*worked, *found], first=version_of(before[0]))

    def _keep(self, host: str, addresses: Sequence[str]) -> None:
        """Those of before stay behind the new ones: a portal may have answered for the name."""
        before = self.known.get(host, ())
        kept = list(dict.fromkeys([*addresses, *before]))[:KEPT]
        if kept[:1] == list(before[:1]) and set(kept) == set(before):
            return
        self.known = {**self.known, host: kept}
        try:
            self.keep(self.known)
        except StateUnusable as refused:
            logger.warning("addresses_not_saved", extra={"error": str(refused)})


def _peer(connection: socket.socket) -> str:
    address: str = connection.getpeername()[0]
    return address
