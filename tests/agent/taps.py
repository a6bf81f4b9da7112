"""A jump's kernel between tunnel and wire, both of them the test's: packets go in and come out, without a wait.

A packet written to a TUN device is routed and judged before the call returns.
"""

import contextlib
import fcntl
import itertools
import os
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.tools import Commands
from agent.host.firewall.policy import Policy
from agent.host.firewall.ruleset import Surroundings, table
from tests.agent.namespace import Namespace

Address = IPv4Address | IPv6Address

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN_NO_PI = 0x1001
TUNNEL = "wy00000001"
OTHER_TUNNEL = "wy00000002"
WIRE = "eth0"
OTHER_WIRE = "eth1"  # where nothing is masqueraded
TCP, UDP = 6, 17
SYN, RST, ACK = 0x02, 0x04, 0x10
NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": 1}
PORTS = itertools.cycle(range(10_000, 60_000))


@dataclass(frozen=True)
class Packet:
    """`flags`: of TCP. `payload`: of ICMP, its type is `port`."""

    source: Address
    destination: Address
    protocol: str = "udp"
    port: int = 80
    source_port: int = field(default_factory=lambda: next(PORTS))
    flags: int = SYN
    options: bytes = b""
    payload: bytes = b""

    def answer(self, flags: int = SYN | ACK) -> "Packet":
        return replace(
            self,
            source=self.destination,
            destination=self.source,
            port=self.source_port,
            source_port=self.port,
            flags=flags,
        )

    def with_flags(self, flags: int) -> "Packet":
        return replace(self, flags=flags)


@dataclass
class Jump:
    """`policy` loads one; a packet goes in by `enter` on one side, and comes out by `left` on any."""

    inside: Namespace
    taps: Mapping[str, int]
    surroundings: Surroundings
    firewall: NftFirewall = field(default_factory=lambda: NftFirewall(Commands(), TUNNEL))

    def load(self, policy: Policy) -> None:
        self.inside.do(lambda: self.firewall.apply(table(policy, self.surroundings)))

    def route(self, destination: object, interface: str) -> None:
        self.inside.sh(f"ip route replace {destination} dev {interface}")

    def pass_on(self, packet: Packet, came_by: str) -> dict[str, list["Seen"]]:
        """What came out because of it, by interface."""
        self.drain()
        os.write(self.taps[came_by], encoded(packet))
        return {name: seen for name, seen in self.drain().items() if seen}

    def pass_on_from_host(self, destination: Address) -> list["Seen"]:
        """What the jump's own datagram became in the tunnel."""
        self.drain()
        self.inside.do(lambda: _datagram(destination))
        return self.drain()[TUNNEL]

    def passes(self, packet: Packet, came_by: str, leaves_by: str) -> bool:
        """Whether just it went through, and nothing else happened."""
        out = self.pass_on(packet, came_by)
        return [seen.destination for seen in out.get(leaves_by, [])] == [packet.destination] and len(out) == 1

    def hears(self, packet: Packet) -> bool:
        """Whether a datagram that comes by the tunnel reaches a program of the jump."""
        with self.inside.do(lambda: _listener(packet)) as listener:
            self.pass_on(packet, TUNNEL)
            try:
                listener.recv(1)
            except BlockingIOError:
                return False
            return True

    def drain(self) -> dict[str, list["Seen"]]:
        return {name: list(_read_all(tap)) for name, tap in self.taps.items()}


@dataclass(frozen=True)
class Seen:
    source: Address
    destination: Address
    protocol: int
    payload: bytes


def a_jump(inside: Namespace, addresses: frozenset[str] = frozenset({"10.0.0.1/24", "fd00::1/64"})) -> Jump:
    """With the tunnel, another enrolment's tunnel, and a wire with a public and a private address.

    None has a link-local address, by which the kernel would send redirects.
    """
    taps = inside.do(lambda: {name: _tap(name) for name in (TUNNEL, OTHER_TUNNEL, WIRE, OTHER_WIRE)})
    own = " && ".join(f"ip address add {address} dev {TUNNEL} nodad" for address in sorted(addresses))
    inside.sh(
        "mount -t proc proc /proc; for i in all default; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done;"
        "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 0 > /proc/sys/net/ipv6/icmp/ratelimit;"
        "for i in per_sec burst; do echo 1000000 > /proc/sys/net/ipv4/icmp_msgs_$i || true; done;"
        f"for i in {' '.join(taps)}; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter;"
        " echo 1 > /proc/sys/net/ipv6/conf/$i/addr_gen_mode; ip link set $i up; done;"
        f"{own}; ip address add 203.0.113.10/24 dev {WIRE}; ip address add 192.168.77.1/24 dev {WIRE};"
        f"ip address add 2001:db8::10/64 dev {WIRE} nodad; ip route add default dev {WIRE};"
        f"ip route add 10.99.0.0/24 dev {OTHER_TUNNEL}"
    )
    inside.sh("cd /proc/sys/net; echo 1 > ipv4/ip_forward; echo 1 > ipv6/conf/all/forwarding")
    hosts = frozenset(ip_network(address.split("/")[0]) for address in addresses)
    return Jump(inside, taps, Surroundings(TUNNEL, 1420, hosts, (WIRE,)))


def encoded(packet: Packet) -> bytes:
    """With its checksums: conntrack does not look at packets whose sums are wrong."""
    version = packet.source.version
    number = 58 if packet.protocol == "icmp" and version == 6 else NUMBERS[packet.protocol]
    pseudo = packet.source.packed + packet.destination.packed
    body = _body(packet, version)
    is_icmp4 = number == 1
    summed = b"" if is_icmp4 else pseudo + struct.pack("!II", len(body), number)
    at = {TCP: 16, UDP: 6}.get(number, 2)
    body = body[:at] + struct.pack("!H", _checksum(summed + body)) + body[at + 2 :]
    if version == 6:
        return struct.pack("!IHBB", 6 << 28, len(body), number, 64) + pseudo + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, number, 0) + pseudo
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body


def _body(packet: Packet, version: int) -> bytes:
    if packet.protocol == "udp":
        return struct.pack("!HHHH", packet.source_port, packet.port, 8, 0)
    if packet.protocol == "tcp":
        words = 5 + len(packet.options) // 4
        flags = struct.pack("!BBHHH", words << 4, packet.flags, 65535, 0, 0)
        return struct.pack("!HHII", packet.source_port, packet.port, 1000, 1000) + flags + packet.options
    if packet.payload:
        return struct.pack("!BBHI", packet.port, 0, 0, 0) + packet.payload
    return struct.pack("!BBHHH", 8 if version == 4 else 128, 0, 0, packet.source_port, 1)  # echo request


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def _read_all(tap: int) -> list[Seen]:
    seen: list[Seen] = []
    while True:
        try:
            raw = os.read(tap, 65536)
        except BlockingIOError:
            return seen
        if raw[0] >> 4 == 4:
            seen.append(Seen(ip_address(raw[12:16]), ip_address(raw[16:20]), raw[9], raw[20:]))
        elif not ip_address(raw[24:40]).is_multicast:  # the kernel looks for routers
            seen.append(Seen(ip_address(raw[8:24]), ip_address(raw[24:40]), raw[6], raw[40:]))


def _listener(packet: Packet) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setblocking(False)
    listener.bind((str(packet.destination), packet.port))
    return listener


def _datagram(destination: Address) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, contextlib.suppress(PermissionError):
        sender.sendto(b"", (str(destination), 9))


def _tap(name: str) -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_NO_PI))
    return tap
