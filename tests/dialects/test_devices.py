"""Files on real devices, with and without IPv6: `wg-quick up` in namespaces of their own, as root."""

import subprocess
from collections.abc import Iterator

import pytest

from chalicelib.domain.tunnel.portable_profile import portable_profile, without_ipv6
from chalicelib.domain.tunnel.sections import Tunnel, regular_tunnel
from infra.lab.node import Node
from infra.lab.outer_namespaces import OuterNamespaces
from infra.lab.topology import NodeSpec
from tests.builders import a_jump, a_key, a_network, a_static
from tests.dialects.real_tools import PATH
from tests.domain.populations import PSK

pytestmark = pytest.mark.root

ENV = {"PATH": f"/run/bin:{PATH}"}
FILE = "/run/wg0.conf"
SOMEWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}  # TEST-NET-1, RFC 5737; RFC 3849

# An uplink that leads everywhere, and a `resolvconf` that keeps what it is told.
DEVICE = """
mkdir -p /run/wireguard /run/bin
printf '#!/bin/sh\\n[ "$1" = -d ] || cat > /run/dns\\n' > /run/bin/resolvconf
chmod +x /run/bin/resolvconf
ip link add up0 type veth peer name up1
ip link set up1 up
ip link set up0 up
ip address add 203.0.113.2/24 dev up0
ip route add default via 203.0.113.1
"""
WITH_IPV6 = "ip -6 address add 2001:db8:1::2/64 dev up0 nodad && ip -6 route add default dev up0"
WITHOUT_IPV6 = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1"


@pytest.fixture(scope="module", params=[True, False], ids=["with IPv6", "without IPv6"])
def device(request: pytest.FixtureRequest) -> Iterator[tuple[Node, bool]]:
    """A device, and whether it has IPv6."""
    outer = OuterNamespaces.make()
    node = Node.make(NodeSpec("phone", ()), outer)
    try:
        node.wait_up()
        node.run("sh", "-ec", DEVICE + (WITH_IPV6 if request.param else WITHOUT_IPV6))
        yield node, request.param
    finally:
        outer.close()
        node.release()


def full_tunnel() -> Tunnel:
    """Of a network without IPv6."""
    return regular_tunnel(a_network(), a_static(2, full_encapsulation=True), [a_jump(1)], [], PSK)


def up(node: Node, tunnel: Tunnel) -> subprocess.CompletedProcess[str]:
    (node.root / FILE.lstrip("/")).write_text(portable_profile(tunnel, a_key("private")))
    return node.attempt("wg-quick", "up", FILE, env=ENV)


def down(node: Node) -> None:
    node.run("wg-quick", "down", FILE, env=ENV)


def leads_through(node: Node, version: int) -> str:
    """The interface by which what is sent to anywhere leaves."""
    said = node.attempt("ip", f"-{version}", "route", "get", SOMEWHERE[version]).stdout.split()
    return said[said.index("dev") + 1] if "dev" in said else ""


def test_the_whole_file_takes_all_traffic_or_is_refused(device: tuple[Node, bool]) -> None:
    """Also that of IPv6, which the network does not have: it ends in the tunnel and leaks nowhere."""
    node, has_ipv6 = device

    done = up(node, full_tunnel())

    if has_ipv6:
        assert done.returncode == 0, done.stderr
        assert [leads_through(node, version) for version in (4, 6)] == ["wg0", "wg0"]
        assert (node.root / "run/dns").read_text() == "nameserver 10.0.0.1\n"
        down(node)
    else:
        assert done.returncode != 0
        assert "::/0" in done.stderr
    assert node.attempt("ip", "link", "show", "wg0").returncode != 0
    assert leads_through(node, 4) == "up0"


def test_the_file_without_ipv6_runs_everywhere_and_leaks_where_its_note_says(device: tuple[Node, bool]) -> None:
    node, has_ipv6 = device

    done = up(node, without_ipv6(full_tunnel()))

    assert done.returncode == 0, done.stderr
    assert leads_through(node, 4) == "wg0"
    assert leads_through(node, 6) == ("up0" if has_ipv6 else "")
    down(node)
