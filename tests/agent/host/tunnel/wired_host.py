"""A host and the other end of its wire, and what others do to it."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.seals import ReadySeal
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer
from tests.agent.namespace import Namespace
from tests.agent.site import until
from tests.agent.tunnel_host import Host

OTHER = "wy0000000b"
NETWORKD = "/usr/lib/systemd/systemd-networkd"
INTERNET = ("203.0.113.80", "2001:db8:9::80")
TABLES = ("ip rule", "ip -6 rule", "ip route show table 22361", "ip -6 route show table 22361", "nft list tables")
ALL_PACKETS = 0x0003  # linux/if_ether.h, ETH_P_ALL


def full(is_full: bool = True, addresses: tuple[str, ...] = ("10.9.0.2/24", "fd00:9::2/64")) -> Bundle:
    everything = ["0.0.0.0/0", "::/0"] if is_full else ["10.9.0.1/32"]
    hub = a_peer("hub", everything, endpoint="198.51.100.9:51820", keepalive=25)
    return a_bundle(1, [hub], addresses=list(addresses), full_encapsulation=is_full, resolvers=["10.9.0.1"])


@dataclass
class Wired:
    """A host, and the other end of its wire, where all it sends in clear arrives."""

    host: Host
    wire: socket.socket

    def enroll(self, interface: str, is_kept: bool = True) -> Host:
        """Another enrolment of this host."""
        made = Host(self.host.inside, self.host.state / interface, interface=interface)
        made.state.mkdir(exist_ok=True)
        made.tunnel.seal = SealKeeping(self.encapsulation(interface) if is_kept else None)
        return made

    def encapsulation(self, interface: str, allows_lan: bool = True) -> Encapsulation:
        ready = ReadySeal(self.host.state / interface / f"{interface}_seal.nft")
        return Encapsulation(self.host.commands, interface, ready=ready, allows_lan=allows_lan)

    def send(self, *addresses: str) -> list[str]:
        """One datagram to each; the addresses to which the kernel let one go."""
        return self.host.inside.do(lambda: [address for address in addresses if _is_sent(address)])

    def in_clear(self, *addresses: str) -> list[str]:
        """Those of them to which something came out of the wire since the last call."""
        seen = set()
        while True:
            try:
                frame = self.wire.recv(2048)
            except BlockingIOError:
                return [address for address in addresses if address in seen]
            if frame[12:14] == b"\x08\x00":
                seen.add(socket.inet_ntop(socket.AF_INET, frame[30:34]))
            if frame[12:14] == b"\x86\xdd":
                seen.add(socket.inet_ntop(socket.AF_INET6, frame[38:54]))

    def leaks(self) -> list[str]:
        self.in_clear()
        self.send(*INTERNET)
        return self.in_clear(*INTERNET)

    def tables(self) -> str:
        return self.host.inside.sh("; ".join(f"{look} 2>/dev/null || true" for look in TABLES))


def give_addresses(inside: Namespace) -> None:
    inside.sh(
        "ip address replace 198.51.100.2/24 dev wire0 && ip address replace 2001:db8::2/64 dev wire0 nodad"
        " && ip route replace default via 198.51.100.1 && ip -6 route replace default via 2001:db8::1"
    )


def _is_sent(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as program:
        try:
            program.sendto(b"secret", (address, 4000))
        except OSError:
            return False
    return True


@contextmanager
def networkd(inside: Namespace) -> Iterator[Path]:
    """The real one, to which another interface is given afterwards, as an interface that comes late at a boot:
    while it configures one it takes away what is not its own."""
    log = Path("/run/networkd.log")
    inside.sh(
        "mount -t sysfs -o ro sysfs /sys && mkdir -p /run/systemd/network /run/systemd/netif"  # read-only: no udev
        " && chown -R systemd-network:systemd-network /run/systemd/netif"
        " && printf '[Match]\\nName=late0\\n[Network]\\nAddress=192.0.2.2/24\\n' > /run/systemd/network/10-late.network"
    )

    def start() -> "subprocess.Popen[bytes]":
        with log.open("w") as out:
            return subprocess.Popen([NETWORKD], env={"SYSTEMD_LOG_LEVEL": "debug"}, stdout=out, stderr=out)

    daemon = inside.do(start)
    try:
        until(lambda: "Enumeration completed" in inside.do(log.read_text))
        inside.sh("ip link add late0 type veth peer name late1 && ip link set late1 up")
        until(lambda: "192.0.2.2" in inside.sh("ip address show dev late0"))
        yield log
    finally:
        daemon.terminate()
        daemon.wait()
