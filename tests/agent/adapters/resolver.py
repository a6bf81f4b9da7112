"""A resolver on the loopback that answers, or fails to, as a test asks."""

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.message
import dns.rrset

Behaviour = Callable[[dns.message.Message, bool], bytes | None]


@dataclass
class FakeResolver:
    """`behaves` gets a question and whether it came by TCP; None: silence. `asked`: questions, whole."""

    address: str
    port: int = 0
    behaves: Behaviour = lambda question, is_tcp: truth(question)
    asked: list[bytes] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def __enter__(self) -> "FakeResolver":
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((self.address, self.port))
        self.port = self._udp.getsockname()[1]
        self._tcp = socket.create_server((self.address, self.port))
        for work in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=work, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._udp, self._tcp):
            one.shutdown(socket.SHUT_RDWR) if one is self._tcp else None
            one.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, sender = self._udp.recvfrom(65_535)
                self.asked.append(wire)
                self.ports.append(sender[1])
                answer = self.behaves(dns.message.from_wire(wire), False)
                if answer is not None:
                    self._udp.sendto(answer, sender)
            except OSError:
                return

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                wire = stream.read(struct.unpack("!H", stream.read(2))[0])
                self.asked.append(wire)
                answer = self.behaves(dns.message.from_wire(wire), True)
                if answer is not None:
                    connection.sendall(struct.pack("!H", len(answer)) + answer)


def truth(question: dns.message.Message, *texts: str, kind: str = "A") -> bytes:
    answer = dns.message.make_response(question)
    name = question.question[0].name
    answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *(texts or ("198.51.100.1",))))
    return answer.to_wire(max_size=65_535)
