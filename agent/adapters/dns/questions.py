"""Who asks what: the zone's own names are answered at once, others asked for, in bounds."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import dns.rcode

from agent.adapters.dns.messages import MOST_BYTES, Query, failure, own, read, relayed
from agent.adapters.dns.upstream import Upstream
from agent.host.dns_zone import Address, Zone, nameservers

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_PENDING = 400  # each is a socket
MOST_PENDING_OF_ONE = 100


@dataclass(slots=True)
class Bounds:
    """How many at once, in all and of one client."""

    most: int
    most_of_one: int
    _held: Counter[Address] = field(default_factory=Counter)

    def take(self, client: Address) -> bool:
        if self._held.total() >= self.most or self._held[client] >= self.most_of_one:
            return False
        self._held[client] += 1
        return True

    def give_back(self, client: Address) -> None:
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]


@dataclass(slots=True)
class Pending:
    """A question that others have to answer; it holds a place until it is answered."""

    query: Query
    client: Address
    resolvers: tuple[Address, ...]


@dataclass(slots=True)
class Questions:
    """`zone` is exchanged as a whole; a question is answered by the one it found."""

    upstream: Upstream = field(default_factory=Upstream)
    resolv_conf: Path = RESOLV_CONF
    bounds: Bounds = field(default_factory=lambda: Bounds(MOST_PENDING, MOST_PENDING_OF_ONE))
    zone: Zone | None = None
    _hosts: tuple[int, tuple[Address, ...]] = (0, ())

    def serves(self, client: Address) -> bool:
        return self.zone is not None and client in self.zone.clients

    def at_once(self, wire: bytes, client: Address) -> bytes | Pending | None:
        """The answer, or what has to be asked for it; None: there is nothing to say."""
        zone = self.zone
        if zone is None or client not in zone.clients:
            return None
        query = read(wire)
        if not isinstance(query, Query):
            return query
        answer = zone.answer(query.name, query.kind)
        if answer is not None:
            return own(query, zone, answer)
        if not zone.forwards_for(client):
            return failure(query, dns.rcode.REFUSED)
        if not self.bounds.take(client):
            return failure(query, dns.rcode.SERVFAIL)
        return Pending(query, client, zone.upstream(self._nameservers()))

    async def later(self, pending: Pending, is_tcp: bool) -> bytes:
        """What others answer, in the form that the client takes."""
        query = pending.query
        try:
            answer = await self.upstream.ask(query, pending.resolvers, is_tcp)
        finally:
            self.bounds.give_back(pending.client)
        if answer is None:
            return failure(query, dns.rcode.SERVFAIL)
        return relayed(query, answer, MOST_BYTES if is_tcp else query.room_bytes)

    def _nameservers(self) -> tuple[Address, ...]:
        """The host's own, read again when their file has changed."""
        try:
            changed_ns = self.resolv_conf.stat().st_mtime_ns
            if changed_ns != self._hosts[0]:
                self._hosts = (changed_ns, nameservers(self.resolv_conf.read_text(errors="replace")))
        except OSError:
            return ()
        return self._hosts[1]
