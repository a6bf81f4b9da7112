"""Send UDP packets to an echo and count what comes back.

A stand-alone script: `udp.py echo PORT` says "up" and answers for ever;
`udp.py send ADDRESS PORT INTERVAL_MS AT_LEAST` says "up", sends until its standard input closes
and at least that many are sent, waits for the last answers and prints one JSON object.
"""

import contextlib
import json
import select
import socket
import sys
import time

TAIL_S = 2.0  # how long an answer may take before its packet counts as lost
PACKET_BYTES = 8
ROOM_BYTES = 8 << 20  # more than TAIL_S of packets of a millisecond each, which the kernel counts as 768 bytes
SO_RCVBUFFORCE = 33  # asm-generic/socket.h


def a_socket() -> socket.socket:
    """One that loses nothing while the process which reads it has to wait for a processor."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM_BYTES)
    return made


def echo(port: int) -> None:
    with a_socket() as answering:
        answering.bind(("", port))
        print("up", flush=True)
        while True:
            packet, sender = answering.recvfrom(PACKET_BYTES)
            answering.sendto(packet, sender)


class Sender:
    """One flow. A packet the host refuses to send is sent and lost."""

    def __init__(self, address: str, port: int) -> None:
        self._to = (address, port)
        self._socket = a_socket()
        self._answered: set[int] = set()
        self._last_answer = time.monotonic()
        self._longest_gap_s = 0.0
        self.sent = 0

    def send(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(self.sent.to_bytes(PACKET_BYTES, "big"), self._to)
        self.sent += 1

    def listen_until(self, end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                self._collect()

    def report(self) -> dict[str, float]:
        return {
            "sent": self.sent,
            "lost": self.sent - len(self._answered),
            "longest_gap_ms": round(self._longest_gap_s * 1000, 1),
        }

    def _collect(self) -> None:
        try:
            packet = self._socket.recv(PACKET_BYTES)
        except OSError:
            return
        now = time.monotonic()
        self._answered.add(int.from_bytes(packet, "big"))
        self._longest_gap_s = max(self._longest_gap_s, now - self._last_answer)
        self._last_answer = now


def send(address: str, port: int, interval_s: float, at_least: int) -> dict[str, float]:
    sender = Sender(address, port)
    print("up", flush=True)
    due = time.monotonic()
    while sender.sent < at_least or not is_input_closed():
        sender.send()
        due = max(due + interval_s, time.monotonic())
        sender.listen_until(due)
    sender.listen_until(time.monotonic() + TAIL_S)
    return sender.report()


def is_input_closed() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]))
    else:
        _, _, to, port, interval_ms, at_least = sys.argv
        print(json.dumps(send(to, int(port), float(interval_ms) / 1000, int(at_least))), flush=True)
