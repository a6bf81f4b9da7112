"""The DNS server of a jump: UDP and TCP on its addresses in the tunnel, in a thread of its own.

Sockets are bound to addresses that need not be there yet (IP_FREEBIND), so that they outlive an
interface that is made again. Who is not behind the tunnel gets no answer.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from agent.adapters.dns.messages import MOST_BYTES
from agent.adapters.dns.questions import Bounds, Pending, Questions
from agent.adapters.linux import ipv6
from agent.adapters.linux.port_holders import taken
from agent.errors import ToolFailed
from agent.host.dns_zone import Address, Zone

PORT = 53
MOST_CONNECTIONS = 64
MOST_CONNECTIONS_OF_ONE = 16
IDLE_S = 10.0
DATAGRAMS_AT_ONCE = 50
DONE_WITHIN_S = 5.0
IP_FREEBIND = 15  # linux/in.h
IPV6_FREEBIND = 78  # linux/in6.h


@dataclass(frozen=True, slots=True)
class Listener:
    """Both sockets of one address."""

    udp: socket.socket
    tcp: asyncio.Server


class DnsServer:
    """Begins to run when it is made; `serve` as often as zones change."""

    def __init__(self, desk: Questions, port: int = PORT) -> None:
        self._desk = desk
        self._port = port
        self._listeners: dict[Address, Listener] = {}
        self._connections = Bounds(MOST_CONNECTIONS, MOST_CONNECTIONS_OF_ONE)
        self._relaying: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="dns")
        self._thread.start()

    def serve(self, zone: Zone) -> None:
        """Answer by this zone from now on; where nothing else changed, that is one assignment.

        Raises:
            ToolFailed: an address could not be bound; the others answer.
        """
        self._desk.zone = zone
        listen = zone.listen if ipv6.is_known() else frozenset(one for one in zone.listen if one.version == 4)
        if listen != self._listeners.keys():
            self._do(self._listen(listen))

    def close(self) -> None:
        """End it, questions under way included; one that does not end in time answers nobody."""
        self._desk.zone = None
        with contextlib.suppress(ToolFailed):
            self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DONE_WITHIN_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(work, self._loop).result(DONE_WITHIN_S)
        except TookTooLong as late:
            raise ToolFailed("the DNS server does not follow") from late

    async def _listen(self, addresses: frozenset[Address]) -> None:
        refused: list[str] = []
        for address in sorted(addresses - self._listeners.keys(), key=str):
            try:
                self._listeners[address] = await self._listener(address)
            except OSError as error:
                refused.append(f"{address} ({error.strerror}{taken(error, self._port)})")
        for address in self._listeners.keys() - addresses:
            self._close(self._listeners.pop(address))
        if refused:
            raise ToolFailed(f"names are not served: port {self._port} cannot be had on {', '.join(refused)}")

    async def _listener(self, address: Address) -> Listener:
        udp = _bound(address, self._port, socket.SOCK_DGRAM)
        try:
            listening = _bound(address, self._port, socket.SOCK_STREAM)
            tcp = await asyncio.start_server(self._connected, sock=listening)
        except OSError:
            udp.close()
            raise
        self._loop.add_reader(udp, self._readable, udp)
        return Listener(udp, tcp)

    def _close(self, listener: Listener) -> None:
        self._loop.remove_reader(listener.udp)
        listener.udp.close()
        listener.tcp.close()

    async def _end(self) -> None:
        for listener in self._listeners.values():
            self._close(listener)
        self._listeners.clear()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _readable(self, udp: socket.socket) -> None:
        """Take what came, but not without an end: others wait too."""
        for _ in range(DATAGRAMS_AT_ONCE):
            try:
                wire, sender = udp.recvfrom(MOST_BYTES)
            except OSError:
                return
            answer = self._desk.at_once(wire, ip_address(sender[0]))
            if isinstance(answer, Pending):
                task = self._loop.create_task(self._relay(udp, answer, sender))
                self._relaying.add(task)
                task.add_done_callback(self._relaying.discard)
            elif answer is not None:
                _send(udp, answer, sender)

    async def _relay(self, udp: socket.socket, pending: Pending, sender: Any) -> None:
        _send(udp, await self._desk.later(pending, is_tcp=False), sender)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, question after question, until it is silent for long."""
        peer = writer.get_extra_info("peername")
        client = ip_address(peer[0]) if peer else None  # None: gone before it was looked at
        if client is None or not self._desk.serves(client) or not self._connections.take(client):
            writer.transport.abort()
            return
        try:
            await self._converse(reader, writer, client)
        except (OSError, asyncio.IncompleteReadError):  # a time-out is an OSError too
            writer.transport.abort()
        finally:
            self._connections.give_back(client)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Address) -> None:
        while True:
            async with asyncio.timeout(IDLE_S):
                wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            answer = self._desk.at_once(wire, client)
            if isinstance(answer, Pending):
                answer = await self._desk.later(answer, is_tcp=True)
            if answer is None:
                return
            writer.write(len(answer).to_bytes(2, "big") + answer)
            async with asyncio.timeout(IDLE_S):
                await writer.drain()


def _send(udp: socket.socket, answer: bytes, sender: Any) -> None:
    with contextlib.suppress(OSError):  # full, gone, or closed meanwhile: who asked asks again
        udp.sendto(answer, sender)


def _bound(address: Address, port: int, kind: socket.SocketKind) -> socket.socket:
    """Raises OSError: taken, or not allowed."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    made = socket.socket(family, kind)
    try:
        made.settimeout(0)
        if kind is socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.version == 4:
            made.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        else:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        made.bind((str(address), port))
        if kind is socket.SOCK_STREAM:
            made.listen()
    except OSError:
        made.close()
        raise
    return made
