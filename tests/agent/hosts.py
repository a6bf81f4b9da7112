"""Hosts as they are: each function makes one of a bare namespace."""

from pathlib import Path

from tests.agent.namespace import Namespace


def without_names_of_protocols(inside: Namespace) -> None:
    """As in containers and the smallest Debian: no package has brought /etc/protocols, /etc/services, or iproute2's."""
    inside.sh("for file in protocols services; do mount --bind /dev/null /etc/$file; done")
    inside.sh("mount -t tmpfs none /etc/iproute2")


def on_a_lan(inside: Namespace, address: str = "192.168.1.10/24", gateway: str = "192.168.1.1") -> None:
    """`lan0` with a default route; nobody answers."""
    inside.sh(
        "ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link set lan1 up"
        f" && ip address add {address} dev lan0 && ip route add default via {gateway}"
    )


def in_a_cloud(inside: Namespace, is_by_dhcp: bool = True) -> None:
    """Its address is a /32, and its gateway is on the link: by a route of its own, or by the default one's word."""
    inside.sh(
        "ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link set lan1 up"
        " && ip address add 172.31.1.2/32 dev lan0"
    )
    if is_by_dhcp:
        inside.sh("ip route add 172.31.1.1 dev lan0 proto dhcp scope link")
        inside.sh("ip route add default via 172.31.1.1 dev lan0 proto dhcp")
    else:
        inside.sh("ip route add default via 172.31.1.1 dev lan0 proto static onlink")


def asking(inside: Namespace, *resolvers: str, behind: str | None = None) -> None:
    """The resolvers stand in /etc/resolv.conf; or in the file of a local stub, which stands there itself."""
    lines = "".join(f"nameserver {resolver}\\n" for resolver in resolvers)
    if behind is not None:
        inside.sh(f"mkdir -p {Path(behind).parent} && printf '{lines}' > {behind}")
        lines = "nameserver 127.0.0.53\\n"
    inside.sh(f"printf '{lines}' > /run/resolv.conf && mount --bind /run/resolv.conf /etc/resolv.conf")


def knowing(inside: Namespace, name: str, address: str) -> None:
    """The name has this address and no other, whoever is asked."""
    inside.sh(f"echo '{address} {name}' > /run/hosts && mount --bind /run/hosts /etc/hosts")


def switch_ipv6(inside: Namespace, is_on: bool, *names: str) -> None:
    """By the setting of interfaces; of all of them, present and to come, where none is named."""
    for name in names or ("all", "default"):
        inside.sh(f"echo {int(not is_on)} > /proc/sys/net/ipv6/conf/{name}/disable_ipv6")


def without_ipv6_in_the_kernel(inside: Namespace) -> None:
    """Booted with ipv6.disable=1, as far as /proc tells: there are no settings of it."""
    inside.sh(
        "mkdir /run/settings && mount --bind /proc/sys/net /run/settings && mount -t tmpfs none /proc/sys/net"
        " && mkdir /proc/sys/net/ipv4 && mount --bind /run/settings/ipv4 /proc/sys/net/ipv4"
    )
