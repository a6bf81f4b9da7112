"""A host that is sealed while its tunnel is away, and the network it is in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from agent.adapters.commands import Commands
from agent.adapters.firewall import NftFirewall
from agent.tunnel.encapsulation import SEAL_SUFFIX, seal
from tests.agent.adapters.resolver import FakeResolver
from tests.agent.namespace import Namespace

HOST, GATEWAY, FAR = "10.77.0.2", "10.77.0.1", "203.0.113.5"
TUNNEL = "wy00000001"


@dataclass
class Sealed:
    """`network` has the host's resolver at GATEWAY, and FAR, which is no part of the host's subnet."""

    host: Namespace
    network: Namespace
    resolver: FakeResolver


@contextmanager
def a_sealed_host(directory: Path) -> Iterator[Sealed]:
    (directory / "resolv.conf").write_text(f"search example.org example.com\nnameserver {GATEWAY}\n")
    (directory / "hosts").write_text("192.0.2.44 listed.example.com  alias # not me\n")
    with Namespace() as host, Namespace() as network:
        number = network.do(threading.get_native_id)
        host.sh(
            f"ip link add eth0 type veth peer name eth1 netns {number}; ip address add {HOST}/24 dev eth0;"
            f" ip link set eth0 up; mount --bind {directory}/resolv.conf /etc/resolv.conf;"
            f" mount --bind {directory}/hosts /etc/hosts"
        )
        network.sh(f"ip address add {GATEWAY}/24 dev eth1; ip link set eth1 up; ip address add {FAR}/32 dev lo")
        host.sh(f"ip route add default via {GATEWAY}")
        table = seal(TUNNEL, [ip_network("10.77.0.0/24")], [ip_address("10.9.0.1")])
        host.do(lambda: NftFirewall(Commands(), f"{TUNNEL}{SEAL_SUFFIX}").apply(table))
        resolver = network.do(FakeResolver(GATEWAY, 53).__enter__)
        yield Sealed(host, network, resolver)
        resolver.__exit__()
