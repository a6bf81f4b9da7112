"""A host between two networks, whose agent forwards."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.interface import Device
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle, Exit, Firewall
from tests.agent.builders import a_bundle, a_private_key
from tests.agent.namespace import Namespace

ONE, OTHER = "wy00000001", "wy00000002"
LAN, FAR = "192.168.77.0/24", "192.168.78.0/24"
JUMP = a_bundle(
    peers=[],
    addresses=["10.9.0.1/24", "fd09::1/64"],
    firewall=Firewall(forward=True, exits=[Exit(cidr=LAN, masquerade=True)]),
)
REGULAR = a_bundle(peers=[], addresses=["10.9.0.1/24", "fd09::1/64"])
SWITCHES = ("ipv4/ip_forward", "ipv4/conf/lan0/forwarding", "ipv4/conf/far0/forwarding", "ipv6/conf/all/forwarding")
OFF = dict.fromkeys(SWITCHES, "0")


@dataclass
class Host:
    """Between a LAN that is declared and another that is not, and no router: `ask` sends from one to the other."""

    inside: Namespace
    lan: Namespace
    far: Namespace
    state: Path

    def tunnel(self, interface: str = ONE) -> HostTunnel:
        commands, settings = Commands(), KernelSettings(interface, self.state / "settings.json")
        return HostTunnel(
            commands,
            interface,
            Device(commands, interface, self.state / interface),
            NftFirewall(commands, interface),
            a_private_key(interface),
            others=OtherFirewalls(ForeignTables(commands, interface)),
            seal=SealKeeping(Encapsulation(commands, interface, settings=settings)),
            settings=settings,
        )

    def verify(self, tunnel: HostTunnel, bundle: Bundle) -> bool:
        return self.inside.do(lambda: tunnel.verify(desired(bundle))).is_changed

    def settings(self) -> dict[str, str]:
        return {name: self.value(name) for name in SWITCHES}

    def value(self, name: str) -> str:
        return self.inside.sh(f"cat /proc/sys/net/{name}").strip()

    def set(self, name: str, value: str) -> None:
        self.inside.sh(f"echo {value} > /proc/sys/net/{name}")

    def reached_by_others(self) -> list[bool]:
        """Whether the two networks reach each other by this host: the LAN the far one, and the other way, each by
        IPv4 and IPv6."""
        ways = [(self.lan, "192.168.78.9"), (self.lan, "fd78::9"), (self.far, "192.168.77.9"), (self.far, "fd77::9")]
        return [reaches(*way) for way in ways]


def reaches(inside: Namespace, address: str) -> bool:
    try:
        inside.sh(f"ping -n -q -c 3 -i 0.1 -W 1 {address}")
    except subprocess.CalledProcessError:
        return False
    return True


@contextmanager
def a_host_between(state: Path) -> Iterator[Host]:
    with Namespace() as inside, Namespace() as lan, Namespace() as far:
        inside.sh("mount -t proc proc /proc; echo 0 > /proc/sys/net/ipv4/ip_forward")
        for one in (inside, lan, far):  # else nothing is answered until addresses are known to be nobody else's
            one.sh("for i in all default; do echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad; done")
        for name, end, prefix, net6 in (("lan0", lan, LAN, "fd77::"), ("far0", far, FAR, "fd78::")):
            thread = end.do(lambda: Path("/proc/thread-self").readlink().name)
            net = prefix.removesuffix("0/24")
            inside.sh(
                f"ip link add {name} type veth peer name eth0 netns {thread}; ip address add {net}1/24 dev {name};"
                f" ip address add {net6}1/64 dev {name} nodad; ip link set {name} up"
            )
            end.sh(
                f"ip address add {net}9/24 dev eth0; ip address add {net6}9/64 dev eth0 nodad; ip link set eth0 up;"
                f" ip route add default via {net}1; ip -6 route add default via {net6}1"
            )
        made = Host(inside, lan, far, state)
        yield made
        for interface in (ONE, OTHER):
            inside.do(made.tunnel(interface).remove)
