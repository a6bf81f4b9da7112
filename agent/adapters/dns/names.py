"""Serves names where there is a zone: on jumps.

The server, asyncio and dnspython are loaded with the first zone, for they are 13 MB that a regular
agent does without.
"""

from dataclasses import dataclass
from typing import Protocol

from agent.host.dns_zone import Zone


class Server(Protocol):
    def serve(self, zone: Zone) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class DnsNames:
    _server: Server | None = None

    def apply(self, zone: Zone | None) -> None:
        """Serve this zone, or none. Raises ToolFailed: an address could not be bound."""
        if zone is not None:
            self._running().serve(zone)
        elif self._server is not None:
            self._server.close()
            self._server = None

    def _running(self) -> Server:
        if self._server is None:
            from agent.adapters.dns.questions import Questions
            from agent.adapters.dns.server import DnsServer

            self._server = DnsServer(Questions())
        return self._server
