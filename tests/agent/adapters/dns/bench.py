"""A DNS server on the loopback between a client and two resolvers."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

import dns.message
import dns.query

from agent.adapters.dns.questions import Questions
from agent.adapters.dns.server import DnsServer
from agent.host.dns_zone import Prefixes, Zone
from tests.agent.adapters.resolver import FakeResolver
from tests.agent.host.test_dns_zone import a_zone

SERVER = "127.0.9.1"
CLIENT = "127.0.9.5"
NEIGHBOUR = "127.0.9.6"
FIRST, SECOND = "127.0.9.53", "127.0.9.54"
STRANGER = "127.0.0.1"
OUTWARD = "127.0.0.1"  # where the kernel lets the server ask from
WITHIN_S = 10.0


def zone(*, resolvers: tuple[str, ...] = (FIRST, SECOND), listen: tuple[str, ...] = (SERVER,)) -> Zone:
    return replace(
        a_zone(),
        listen=frozenset(map(ip_address, listen)),
        clients=Prefixes.of([ip_network("127.0.9.0/24"), ip_network("::1/128")]),
        resolvers=tuple(map(ip_address, resolvers)),
    )


@dataclass
class Bench:
    server: DnsServer
    desk: Questions
    port: int
    first: FakeResolver
    second: FakeResolver

    def ask(
        self, name: str, kind: str = "A", *, is_tcp: bool = False, client: str = CLIENT, payload: int = 1232
    ) -> dns.message.Message:
        query = dns.message.make_query(name, kind, use_edns=0 if payload else -1, payload=payload or None)
        by = dns.query.tcp if is_tcp else dns.query.udp
        return by(query, SERVER, port=self.port, source=client, timeout=WITHIN_S)

    def send(self, wire: bytes, client: str = CLIENT) -> socket.socket:
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asking.bind((client, 0))
        asking.settimeout(WITHIN_S)
        asking.sendto(wire, (SERVER, self.port))
        return asking

    def connect(self, client: str = CLIENT) -> socket.socket:
        return socket.create_connection((SERVER, self.port), WITHIN_S, source_address=(client, 0))


def a_free_port() -> int:
    with socket.create_server((SERVER, 0)) as probe:
        return int(probe.getsockname()[1])


def texts(answer: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in answer.answer for item in rrset]


def dead(question: dns.message.Message, is_tcp: bool) -> bytes | None:
    return None


QUESTION = dns.message.make_query("web.home.internal", "A", id=0x1234)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)
