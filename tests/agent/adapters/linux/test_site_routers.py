"""A regular peer that forwards to what lies behind it, and to nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Exit, Firewall
from tests.agent.adapters.linux.host_between import LAN, OFF, ONE, OTHER, REGULAR, Host, a_host_between, reaches
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key

pytestmark = pytest.mark.root

ROUTER = a_bundle(
    peers=[a_peer("far", ["10.9.0.2/32"])],
    addresses=["10.9.0.1/24"],
    listen_port=41000,
    firewall=Firewall(forward=False, exits=[Exit(cidr=LAN, masquerade=False)]),
)
"""No jump, with a LAN behind it; the far host is its peer."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with a_host_between(tmp_path) as made:
        yield made


@contextmanager
def a_peer_far_away(host: Host) -> Iterator[None]:
    """It sends what is for the LAN into the tunnel, and what is for another network there that nobody declared."""
    here = a_peer(ONE, ["10.9.0.1/32", LAN, "192.168.79.0/24"], endpoint="192.168.78.1:41000")
    commands = Commands()
    device = Device(commands, OTHER, host.state / "far")
    tunnel = HostTunnel(commands, OTHER, device, NftFirewall(commands, OTHER), a_private_key("far"))
    host.lan.sh("ip address add 192.168.79.9/24 dev eth0")
    host.inside.sh("ip address add 192.168.79.1/24 dev lan0")
    host.far.do(lambda: tunnel.verify(desired(a_bundle(peers=[here], addresses=["10.9.0.2/24"]))))
    try:
        yield
    finally:
        host.far.do(tunnel.remove)


def test_a_regular_peer_passes_on_to_what_lies_behind_it_and_to_nothing_else(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, ROUTER)
    running, is_settled = host.settings(), not host.verify(tunnel, ROUTER)
    with a_peer_far_away(host):
        reached = [reaches(host.far, address) for address in ("192.168.77.9", "192.168.79.9")]
        back = [reaches(host.lan, address) for address in ("10.9.0.2", "192.168.78.9")]
    host.verify(tunnel, REGULAR)

    assert running == {**OFF, "ipv4/conf/lan0/forwarding": "1"}
    assert (is_settled, reached, back) == (True, [True, False], [True, False])
    assert host.settings() == OFF
    assert ONE not in host.inside.sh("nft list tables")


def test_a_router_that_cannot_pass_on_says_so_and_keeps_its_tunnel(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def wanted() -> tuple[str, ...]:
        return host.inside.do(lambda: host.tunnel().verify(desired(ROUTER))).forbidden

    host.inside.sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys")
    locked = wanted()
    host.inside.sh("umount /proc/sys")
    with monkeypatch.context() as patched:
        patched.setattr("shutil.which", lambda name: None if name == "nft" else name)
        bare = wanted()
    able = wanted()

    assert [said.startswith(f"peers do not reach {LAN} behind this one: ") for said in (*locked, *bare)] == [True, True]
    assert ("/proc/sys is not writable" in locked[0], "install nftables" in bare[0], able) == (True, True, ())
    assert host.inside.sh(f"wg show {ONE} peers").strip() == a_public_key("far")


def test_a_blocked_router_passes_nothing_on(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, ROUTER)

    host.verify(tunnel, msgspec.structs.replace(ROUTER, is_blocked=True, peers=[]))

    assert host.settings() == OFF
