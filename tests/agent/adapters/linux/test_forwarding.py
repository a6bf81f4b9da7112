"""What a jump changes of its kernel: no more than it needs, and given back unless somebody wants it by now."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from agent.adapters.linux import kernel_settings
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.interface import Device
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.errors import ToolFailed, ToolMissing
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle, Exit, Firewall
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

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


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
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
        made = Host(inside, lan, far, tmp_path)
        yield made
        for interface in (ONE, OTHER):
            inside.do(made.tunnel(interface).remove)


def test_a_jump_switches_on_what_it_needs_and_leaving_gives_it_back(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    running, own = host.settings(), host.value(f"ipv4/conf/{ONE}/forwarding")
    is_settled = not host.verify(tunnel, JUMP)

    given_back = host.inside.do(tunnel.remove)

    assert running == {**OFF, "ipv4/conf/lan0/forwarding": "1", "ipv6/conf/all/forwarding": "1"}
    assert (own, is_settled) == ("1", True)
    assert host.settings() == OFF
    assert given_back == (
        "net.ipv4.conf.lan0.forwarding is 0 again",
        "net.ipv6.conf.all.forwarding is 0 again",
    )
    assert not (host.state / "settings.json").exists()


def test_the_host_is_no_router_between_its_other_networks_unless_somebody_makes_it_one(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    before = host.reached_by_others()
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        host.set(name, "1")
    is_changed = host.verify(tunnel, JUMP)
    after = host.reached_by_others()
    given_back = host.inside.do(tunnel.remove)

    assert (before, is_changed, after) == ([False] * 4, True, [True] * 4)
    assert host.reached_by_others() == after
    assert given_back == (
        "net.ipv4.conf.lan0.forwarding stays 1: somebody else set it since",
        "net.ipv6.conf.all.forwarding stays 1: somebody else set it since",
    )


def test_a_host_that_was_a_router_before_stays_one_all_the_time(host: Host) -> None:
    host.set("ipv4/ip_forward", "1")
    host.set("ipv6/conf/all/forwarding", "1")
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    running = host.reached_by_others()

    given_back = host.inside.do(tunnel.remove)

    assert running == host.reached_by_others() == [True] * 4
    assert set(host.settings().values()) == {"1"}
    assert given_back == ()


def test_another_process_gives_back_what_the_killed_one_changed(host: Host) -> None:
    host.verify(host.tunnel(), JUMP)
    host.verify(host.tunnel(), JUMP)

    host.inside.do(host.tunnel().remove)

    assert host.settings() == OFF


def test_who_is_no_longer_a_jump_gives_it_back_and_keeps_the_tunnel(host: Host) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)

    host.verify(tunnel, REGULAR)

    assert host.settings() == OFF
    assert host.value(f"ipv4/conf/{ONE}/forwarding") == "0"
    assert not host.verify(tunnel, REGULAR)


@pytest.mark.parametrize("harm", ["nft flush ruleset", f"ip link delete {ONE}"])
def test_it_is_given_back_whatever_others_did(host: Host, harm: str) -> None:
    tunnel = host.tunnel()
    host.verify(tunnel, JUMP)
    host.inside.sh(harm)

    host.inside.do(tunnel.remove)

    assert host.settings() == OFF


def test_it_is_given_back_where_nft_is_gone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.verify(host.tunnel(), JUMP)
    run = Commands.run

    def without_nft(commands: Commands, *argv: str, stdin: str = "") -> str:
        if argv[0] == "nft":
            raise ToolMissing("nft is not installed")
        return run(commands, *argv, stdin=stdin)

    with monkeypatch.context() as patched:
        patched.setattr(Commands, "run", without_nft)
        host.inside.do(host.tunnel().remove)

    assert host.settings() == OFF


def test_of_two_jumps_on_one_host_the_last_gives_it_back(host: Host) -> None:
    one, other = host.tunnel(ONE), host.tunnel(OTHER)
    host.verify(one, JUMP)
    theirs = a_bundle(peers=[], addresses=["10.8.0.1/24", "fd08::1/64"], firewall=JUMP.firewall)
    host.verify(other, theirs)

    given_back = host.inside.do(one.remove)
    beside, is_untouched = host.settings(), not host.verify(other, theirs)
    host.inside.do(other.remove)

    assert beside == {**OFF, "ipv4/conf/lan0/forwarding": "1", "ipv6/conf/all/forwarding": "1"}
    assert f"net.ipv4.conf.lan0.forwarding stays 1: {OTHER} needs it" in given_back
    assert is_untouched
    assert host.settings() == OFF


def test_what_a_boot_before_this_one_changed_is_the_operators_now(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host.verify(host.tunnel(), JUMP)
    boot = tmp_path / "boot_id"
    boot.write_text("another\n")
    monkeypatch.setattr(kernel_settings, "BOOT_ID", boot)

    host.inside.do(host.tunnel().remove)

    assert host.settings()["ipv4/conf/lan0/forwarding"] == "1"


def test_routers_of_the_host_are_heard_as_before(host: Host) -> None:
    host.set("ipv6/conf/far0/accept_ra", "1")
    names = ("ipv6/conf/far0/accept_ra", "ipv6/conf/far0/forwarding", "ipv6/conf/default/forwarding")
    before = [host.value(name) for name in names]
    tunnel = host.tunnel()

    host.verify(tunnel, JUMP)
    running = [host.value(name) for name in names]
    host.inside.do(tunnel.remove)

    assert running == before == [host.value(name) for name in names] == ["1", "0", "0"]


ROUTER = a_bundle(
    peers=[a_peer("far", ["10.9.0.2/32"])],
    addresses=["10.9.0.1/24"],
    listen_port=41000,
    firewall=Firewall(forward=False, exits=[Exit(cidr=LAN, masquerade=False)]),
)
"""No jump, with a LAN behind it; the far host is its peer."""


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


def test_a_disk_that_is_full_costs_the_memory_and_not_the_jump(host: Host) -> None:
    (host.state / "full").touch()
    settings = KernelSettings(ONE, host.state / "full" / "settings.json")

    host.inside.do(lambda: settings.make("ipv4/conf/lan0/forwarding", "1"))

    assert host.value("ipv4/conf/lan0/forwarding") == "1"


def test_a_setting_that_cannot_be_written_is_named(host: Host) -> None:
    host.inside.sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys")

    with pytest.raises(ToolFailed, match="/forwarding cannot be set to 1: is /proc/sys writable here"):
        host.verify(host.tunnel(), JUMP)

    host.inside.sh("umount /proc/sys")


def test_the_mark_of_full_encapsulation_is_given_back(host: Host) -> None:
    tunnel, mark = host.tunnel(), "ipv4/conf/all/src_valid_mark"
    full = a_bundle(addresses=["10.9.0.1/24"], full_encapsulation=True)
    host.verify(tunnel, full)
    sealed = host.value(mark)
    host.verify(tunnel, a_bundle(addresses=["10.9.0.1/24"]))
    unsealed = host.value(mark)
    host.verify(tunnel, full)

    given_back = host.inside.do(tunnel.remove)

    assert (sealed, unsealed, host.value(mark)) == ("1", "0", "0")
    assert "net.ipv4.conf.all.src_valid_mark is 0 again" in given_back
