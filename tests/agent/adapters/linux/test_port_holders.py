"""Who holds a port: by name where it can be seen, and where the agent itself could not have it."""

import os
import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.adapters.dns.names import DnsNames
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.port_holders import Holder, holders, taken
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.errors import ToolFailed
from agent.host.dns_zone import zone_of
from agent.host.tunnel.wanted import desired
from tests.agent.builders import a_bundle, a_private_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

OWN = Path("/proc/self/comm").read_text().strip()
IN_USE = OSError(98, os.strerror(98))


@pytest.fixture
def inside() -> Iterator[Namespace]:
    with Namespace() as made:
        made.sh("mount -t proc proc /proc")
        yield made


def a_socket(address: str, port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    made.bind((address, port))
    if kind is socket.SOCK_STREAM:
        made.listen()
    return made


def test_holders_are_named_by_protocol_address_and_process(inside: Namespace) -> None:
    def seen() -> list[Holder]:
        with a_socket("0.0.0.0", 53), a_socket("::1", 53, socket.SOCK_STREAM), a_socket("127.0.0.1", 54):
            return list(holders(53))

    tcp, udp = inside.do(seen)

    assert (tcp.protocol, tcp.address, udp.protocol, udp.address) == (
        *("tcp", ip_address("::1"), "udp", ip_address("0.0.0.0")),
    )
    assert {tcp.program, udp.program} == {OWN}
    assert str(udp) == f"{OWN} (pid {os.getpid()}) at udp 0.0.0.0:53"
    assert inside.do(lambda: list(holders(53))) == []


def test_a_port_that_nobody_holds_is_held_by_nobody_and_another_error_says_nothing(inside: Namespace) -> None:
    assert inside.do(lambda: taken(IN_USE, 53)) == ": ss -lnp sport = :53 shows by whom"
    assert inside.do(lambda: taken(OSError(13, os.strerror(13)), 53)) == ""


def test_names_that_cannot_be_served_say_who_has_the_port(inside: Namespace) -> None:
    bundle, names = a_bundle(addresses=["127.0.0.9/32"], forward=True), DnsNames()
    zone = zone_of(bundle, desired(bundle))

    def refused() -> None:
        with a_socket("0.0.0.0", 53):
            names.apply(zone)

    with pytest.raises(ToolFailed, match=rf"127\.0\.0\.9 \(Address already in use: held by {OWN} \(pid"):
        inside.do(refused)
    inside.do(lambda: names.apply(zone))
    inside.do(lambda: names.apply(None))


def test_a_listen_port_that_is_taken_says_by_whom(inside: Namespace, tmp_path: Path) -> None:
    commands = Commands()
    device = Device(commands, "wy00000001", tmp_path / "pid")
    tunnel = HostTunnel(commands, "wy00000001", device, NftFirewall(commands, "wy00000001"), a_private_key("me"))
    wanted = desired(a_bundle(listen_port=51820))
    inside.sh(
        f"{sys.executable} -c 'import socket, time; s = socket.socket(type=socket.SOCK_DGRAM);"
        ' s.bind(("0.0.0.0", 51820)); time.sleep(60)\' > /dev/null 2>&1 & echo $! > '
        + str(tmp_path / "other")
        + "; until ss -lun | grep -q 51820; do sleep 0.05; done"
    )
    pid = int((tmp_path / "other").read_text())
    try:
        with pytest.raises(ToolFailed, match=rf"listen port 51820: held by .*\(pid {pid}\) at udp 0\.0\.0\.0:51820\)"):
            inside.do(lambda: tunnel.apply(wanted))
    finally:
        os.kill(pid, 15)
        inside.do(tunnel.remove)
