"""Asks other resolvers, as a proxy that leaves questions and answers as they are.

Each question goes out from a socket of its own, with a port that the kernel draws and an identifier
that the system's generator draws; only what fits both and the question is its answer. Source: RFC 5625,
RFC 5452.
"""

import asyncio
import secrets
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

import dns.rcode

from agent.adapters.dns.messages import MOST_BYTES, Query, fits, rcode
from agent.host.dns_zone import Address

PORT = 53
TRY_S = 1.5
TRIES = 3  # so that all of them end before a client gives up, after 5 s as a rule
AVOIDED_S = 30.0
TROUBLE = frozenset({dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED})


@dataclass(slots=True)
class Upstream:
    """Resolvers that failed of late are asked last."""

    port: int = PORT
    _failed_at_s: dict[Address, float] = field(default_factory=dict)

    async def ask(self, query: Query, resolvers: Sequence[Address], is_tcp: bool) -> bytes | None:
        """The answer of one of them; None: there is none. What is trouble to one, another may know."""
        troubles: dict[Address, bytes] = {}
        for resolver in self._in_turn(resolvers):
            if resolver not in troubles:
                answer = await self._try(query, resolver, is_tcp)
                if answer is not None and rcode(answer) not in TROUBLE:
                    return answer
                if answer is not None:
                    troubles[resolver] = answer
        return next(iter(troubles.values()), None)

    def _in_turn(self, resolvers: Sequence[Address]) -> Iterator[Address]:
        """A single one twice: a datagram may be lost."""
        now_s = monotonic()
        self._failed_at_s = {one: at_s for one, at_s in self._failed_at_s.items() if now_s - at_s < AVOIDED_S}
        order = sorted(resolvers, key=lambda one: self._failed_at_s.get(one, 0.0))
        yield from (order * 2 if len(order) == 1 else order[:TRIES])

    async def _try(self, query: Query, resolver: Address, is_tcp: bool) -> bytes | None:
        try:
            async with asyncio.timeout(TRY_S):
                answer = await (self._by_tcp(query, resolver) if is_tcp else self._by_udp(query, resolver))
        except (OSError, asyncio.IncompleteReadError):  # a time-out is an OSError too
            self._failed_at_s[resolver] = monotonic()
            return None
        self._failed_at_s.pop(resolver, None)
        return answer

    async def _by_udp(self, query: Query, resolver: Address) -> bytes:
        identifier = secrets.token_bytes(2)
        family = socket.AF_INET if resolver.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0)
            asking.connect((str(resolver), self.port))
            asking.send(identifier + query.wire[2:])
            while True:
                answer = await asyncio.get_running_loop().sock_recv(asking, MOST_BYTES)
                if answer[:2] == identifier and fits(query, answer):
                    return answer

    async def _by_tcp(self, query: Query, resolver: Address) -> bytes:
        identifier = secrets.token_bytes(2)
        reader, writer = await asyncio.open_connection(str(resolver), self.port)
        try:
            writer.write(len(query.wire).to_bytes(2, "big") + identifier + query.wire[2:])
            while True:
                answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                if answer[:2] == identifier and fits(query, answer):
                    return answer
        finally:
            writer.close()
