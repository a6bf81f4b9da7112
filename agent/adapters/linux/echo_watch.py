"""Watches jumps' tunnels: the interface's counters, and echoes through it.

A thread looks ten times a second while packets go, twice while none do, and tells what changed.
"""

import contextlib
import logging
import os
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic, sleep

from agent.core.events import Event, TunnelAnswers, TunnelLost
from agent.host.firewall.ruleset import ECHO_ID
from agent.host.tunnel.liveness import LOOK_IDLE_S, Sample, Target, Watch, look, pace_s
from agent.host.tunnel.wanted import Endpoint, is_address, parse_endpoint

COUNTERS = Path("/proc/thread-self/net/dev")
ECHO_REQUEST, ECHO_REPLY = 8, 0  # RFC 792
HEADER = struct.Struct("!BBHHH")
TOKEN_BYTES = 8
SOMEWHERE = (Endpoint("192.0.2.1", 9), Endpoint("2001:db8::1", 9))  # RFC 5737, RFC 3849: stand for any host

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class TunnelWatch:
    """`met_at`: where WireGuard meets a jump that is known by name, `ip:port`. `lost` is told where a dead jump
    should be, at every look."""

    interface: str
    emit: Callable[[Event], None]
    met_at: Callable[[Endpoint], str | None] = lambda _: None
    lost: Callable[[Endpoint], None] = lambda _: None
    _watches: list[Watch] = field(default_factory=list)
    _targets: tuple[Target, ...] = ()
    _lock: Lock = field(default_factory=Lock, repr=False)
    _has_targets: Flag = field(default_factory=Flag, repr=False)
    _echoes: socket.socket | None = None
    _token: bytes = field(default_factory=lambda: os.urandom(TOKEN_BYTES), repr=False)
    _sequence: int = 0
    _is_mute: bool = False  # may send no echo, so that silence proves nothing

    def start(self) -> None:
        Thread(target=self._work, daemon=True, name="watcher").start()

    def watch(self, targets: Sequence[Target]) -> None:
        with self._lock:
            self._targets = tuple(targets)
        if targets:
            self._has_targets.set()
        else:
            self._has_targets.clear()

    def _work(self) -> None:
        while True:
            self._has_targets.wait()
            try:
                self._look()
            except Exception:  # the outermost loop of the thread: watching must go on
                logger.exception("watcher_crashed")
            sleep(min(map(pace_s, self._watches), default=LOOK_IDLE_S))

    def _look(self) -> None:
        """One look at every target."""
        counters = self._counters()
        answered = self._answered()
        if counters is None:
            self._watches = []
            return
        at_s = monotonic()
        known = {_place(watch.target): watch for watch in self._watches}
        with self._lock:
            targets = self._targets
        self._watches = []
        for target in targets:
            endpoint = _endpoint(target)
            has_way = not self._is_mute and self._has_way(endpoint)
            sample = Sample(at_s, *counters, is_answered=target.address in answered, has_way=has_way)
            before = replace(known.get(_place(target)) or Watch.begin(target, sample), target=target)
            after, is_echo_due = look(before, sample)
            self._watches.append(after)
            if is_echo_due:
                self._echo(target.address)
            if after.is_dead and endpoint is not None:
                self.lost(endpoint)
            if after.is_dead and not before.is_dead:
                self.emit(TunnelLost(jump_id=target.jump_id, since_s=after.alive_at_s, at_s=at_s))
            elif (before.is_dead and not after.is_dead) or (after.is_proved and not before.is_proved):
                self.emit(TunnelAnswers(jump_id=target.jump_id, at_s=at_s))

    def _has_way(self, endpoint: Endpoint | None) -> bool:
        """Whether the host has a route to the jump; to any host, where nobody knows where that is."""
        if endpoint is None or is_address(endpoint.host):
            return any(map(_has_route, SOMEWHERE if endpoint is None else (endpoint,)))
        met_at = self.met_at(endpoint)
        return any(map(_has_route, SOMEWHERE if met_at is None else (parse_endpoint(met_at),)))

    def _counters(self) -> tuple[int, int] | None:
        """Packets received and sent by the interface so far; None: there is none."""
        for line in COUNTERS.read_text().splitlines():
            name, _, values = line.partition(":")
            if name.strip() == self.interface:
                numbers = values.split()
                return int(numbers[1]), int(numbers[9])
        return None

    def _echo(self, address: str) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        try:
            self._open_echoes().sendto(_echo_request(self._sequence, self._token), (address, 0))
        except OSError:  # the interface went away, or was made anew
            self._close_echoes()

    def _answered(self) -> set[str]:
        """Whose echoes have come back since the last look."""
        found: set[str] = set()
        while self._echoes is not None:
            try:
                packet, (sender, _) = self._echoes.recvfrom(2048)
            except BlockingIOError:
                break
            except OSError:
                self._close_echoes()
                break
            if _is_reply(packet, self._token):
                found.add(sender)
        return found

    def _open_echoes(self) -> socket.socket:
        """Raises OSError: without CAP_NET_RAW, or without the interface."""
        if self._echoes is None:
            opened = self._raw_socket()
            try:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
                opened.settimeout(0)
            except OSError:
                opened.close()
                raise
            self._echoes = opened
        return self._echoes

    def _raw_socket(self) -> socket.socket:
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        except PermissionError:
            if not self._is_mute:
                logger.warning("tunnels_not_watched", extra={"error": "CAP_NET_RAW is missing"})
            self._is_mute = True
            raise

    def _close_echoes(self) -> None:
        if self._echoes is not None:
            self._echoes.close()
            self._echoes = None


def _place(target: Target) -> tuple[str, str, bool]:
    """By which a target is the same as before."""
    return target.jump_id, target.address, target.is_home


def _endpoint(target: Target) -> Endpoint | None:
    """As the bundle has it; None: there is none, or it is malformed."""
    with contextlib.suppress(ValueError):
        return parse_endpoint(target.endpoint or "")
    return None


def _has_route(to: Endpoint) -> bool:
    family = socket.AF_INET6 if ":" in to.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((to.host, to.port))
        except OSError:
            return False
    return True


def _echo_request(sequence: int, token: bytes) -> bytes:
    bare = HEADER.pack(ECHO_REQUEST, 0, 0, ECHO_ID, sequence) + token
    return HEADER.pack(ECHO_REQUEST, 0, _checksum(bare), ECHO_ID, sequence) + token


def _is_reply(packet: bytes, token: bytes) -> bool:
    """Whether an IPv4 packet is the answer to one of our echoes."""
    body = packet[(packet[0] & 0x0F) * 4 :]
    if len(body) < HEADER.size + TOKEN_BYTES:
        return False
    kind, _, _, identifier, _ = HEADER.unpack_from(body)
    return kind == ECHO_REPLY and identifier == ECHO_ID and body[HEADER.size :][:TOKEN_BYTES] == token


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
