"""ICMP echoes to one address, through one interface."""

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from time import monotonic, sleep

from agent.errors import RightsMissing, ToolFailed

HEADER = struct.Struct("!BBHHH")
REQUEST, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}  # RFC 792, RFC 4443
PAYLOAD_BYTES = 16
MOST_BYTES = 2048
APART_S = 0.5


@dataclass(frozen=True, slots=True)
class Echoes:
    interface: str
    to: IPv4Address | IPv6Address
    within_s: float

    def times_s(self, count: int) -> Iterator[float | None]:
        """How long each answer took, as they come; None: there was none in time.

        Raises:
            RightsMissing: no CAP_NET_RAW.
            ToolFailed: there is no such interface.
        """
        with self._opened() as sending:
            payload, identifier = os.urandom(PAYLOAD_BYTES), int.from_bytes(os.urandom(2), "big")
            for sequence in range(1, count + 1):
                begun_s = monotonic()
                yield self._asked(sending, identifier, sequence, payload)
                if sequence < count:
                    sleep(max(0.0, begun_s + APART_S - monotonic()))

    def _opened(self) -> socket.socket:
        family, protocol = (
            (socket.AF_INET, socket.IPPROTO_ICMP) if self.to.version == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
        )
        try:
            opened = socket.socket(family, socket.SOCK_RAW, protocol)
        except PermissionError as refused:
            raise RightsMissing("ping needs root, or the capability CAP_NET_RAW") from refused
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
        except OSError as missing:
            opened.close()
            raise ToolFailed(f"the tunnel {self.interface} is not there: wirety-agent status says why") from missing
        return opened

    def _asked(self, sending: socket.socket, identifier: int, sequence: int, payload: bytes) -> float | None:
        asked_s = monotonic()
        try:
            sending.sendto(self._request(identifier, sequence, payload), (str(self.to), 0))
        except OSError:  # no route, or no key for the peer: as good as no answer
            sleep(self.within_s)
            return None
        wanted = HEADER.pack(REPLY[self.to.version], 0, 0, identifier, sequence) + payload
        while (left_s := asked_s + self.within_s - monotonic()) > 0:
            sending.settimeout(left_s)
            try:
                packet, (sender, *_) = sending.recvfrom(MOST_BYTES)
            except OSError:
                return None
            if sender == str(self.to) and self._body(packet) == wanted:
                return monotonic() - asked_s
        return None

    def _request(self, identifier: int, sequence: int, payload: bytes) -> bytes:
        bare = HEADER.pack(REQUEST[self.to.version], 0, 0, identifier, sequence) + payload
        if self.to.version == 6:
            return bare  # the kernel's checksum, RFC 3542 section 3.1
        return HEADER.pack(REQUEST[4], 0, _checksum(bare), identifier, sequence) + payload

    def _body(self, packet: bytes) -> bytes:
        """The ICMP message, its checksum left out."""
        body = packet[(packet[0] & 0x0F) * 4 :] if self.to.version == 4 else packet
        return body[:2] + b"\0\0" + body[4:]


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
