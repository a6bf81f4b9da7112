"""A host that sends everything through a tunnel whose hub is away, and the network it is in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.host.prefixes import EVERYTHING
from tests.agent.adapters.resolver import FakeResolver
from tests.agent.builders import a_bundle, a_peer
from tests.agent.namespace import Namespace
from tests.agent.tunnel_host import Host

HOST, GATEWAY, FAR = "10.77.0.2", "10.77.0.1", "203.0.113.5"
HUB = a_peer("hub", list(map(str, EVERYTHING)), endpoint="203.0.113.99:51820", keepalive=25)


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
        tunnelled = Host(host, directory)
        tunnelled.tunnel.seal = SealKeeping(Encapsulation(tunnelled.commands, tunnelled.interface))
        tunnelled.apply(a_bundle(1, [HUB], full_encapsulation=True, resolvers=["10.9.0.1"]))
        resolver = network.do(FakeResolver(GATEWAY, 53).__enter__)
        yield Sealed(host, network, resolver)
        resolver.__exit__()
        host.do(tunnelled.tunnel.remove)
