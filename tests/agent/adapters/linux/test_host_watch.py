"""What others do to a real host is heard, at a bearable pace; what the agent does is not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep

import pytest

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.host_watch import APART_S, BURST_S, HostWatch
from agent.adapters.linux.interface import Device
from agent.adapters.linux.netlink import NETLINK_ROUTE, ROUTE_GROUPS, listening
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.core.events import Event, HostChanged
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

INTERFACE = "wy00000001"
NO_IPV6 = f"net.ipv6.conf.{INTERFACE}.disable_ipv6"
WITHIN_S = 10.0
STILL_S = 3 * APART_S
PEERS = [a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])]
JUMP = a_bundle(peers=PEERS, addresses=["10.9.0.1/24", "fd00:9::1/64"], listen_port=41000, forward=True)
SEALED = a_bundle(peers=PEERS, addresses=["10.9.0.1/24"], full_encapsulation=True)
FOREIGN = "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'"


@dataclass
class Host:
    """A host with a tunnel, and what is said of it."""

    inside: Namespace
    state: Path
    said: "SimpleQueue[Event]" = field(default_factory=SimpleQueue)
    commands: Commands = field(default_factory=Commands)

    def __post_init__(self) -> None:
        self.tunnel = HostTunnel(
            commands=self.commands,
            interface=INTERFACE,
            device=Device(self.commands, INTERFACE, self.state / "pid"),
            firewall=NftFirewall(self.commands, INTERFACE),
            private_key=a_private_key("me"),
            others=OtherFirewalls(ForeignTables(self.commands, INTERFACE, is_managed=True)),
            seal=SealKeeping(Encapsulation(self.commands, INTERFACE)),
        )

    def stand(self, bundle: Bundle, minds_others: bool = False) -> None:
        """Make the tunnel, and listen from then on."""
        self.verify(bundle)
        watch = HostWatch(INTERFACE, self.said.put, self.commands.has_run, minds_others)
        self.inside.do(watch.start)

    def verify(self, bundle: Bundle) -> bool:
        return self.inside.do(lambda: self.tunnel.verify(desired(bundle))).is_changed

    def hears(self) -> bool:
        try:
            return isinstance(self.said.get(timeout=WITHIN_S), HostChanged)
        except Empty:
            return False

    def is_still(self) -> bool:
        """Whether nothing is said for a while."""
        sleep(STILL_S)
        return self.said.empty()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Namespace() as inside:
        made = Host(inside, tmp_path)
        yield made
        inside.do(made.tunnel.remove)


@pytest.mark.parametrize(
    "harm",
    [
        "nft flush ruleset",
        f"nft delete table inet {INTERFACE}",
        f"nft flush set inet {INTERFACE} neverv4",
        f"ip address flush dev {INTERFACE}",
        f"ip -6 address flush dev {INTERFACE} scope global",
        f"ip link set {INTERFACE} down",
        f"ip address flush dev {INTERFACE}; ip link set {INTERFACE} down",
        f"ip link set {INTERFACE} mtu 1300",
        f"ip link delete {INTERFACE}",
        f"ip route flush proto 87 dev {INTERFACE}",
        f"ip route delete 10.9.0.0/24 dev {INTERFACE}",
        f"ip -6 route delete fd00:9::/64 dev {INTERFACE}",
        f"sysctl -qw net.ipv4.conf.{INTERFACE}.forwarding=0",
        "sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.ipv4.ip_forward=0",
        "sysctl -qw net.ipv6.conf.all.forwarding=0",
        "kill -KILL $(cat STATE/pid)",
        f"sysctl -qw {NO_IPV6}=1; sysctl -qw {NO_IPV6}=0",
    ],
)
def test_what_others_do_to_a_jump_is_heard_and_its_healing_ends(host: Host, harm: str) -> None:
    host.stand(JUMP)

    host.inside.sh(harm.replace("STATE", str(host.state)))
    is_heard = host.hears()
    is_healed = host.verify(JUMP)
    looks = 0
    while not host.is_still():  # a new interface is announced by the kernel
        looks += 1
        host.said.get()
        assert not host.verify(JUMP)

    assert (is_heard, is_healed, looks <= 1) == (True, True, True)


@pytest.mark.parametrize(
    "harm",
    [
        "nft flush ruleset",
        "ip rule delete pref 22360",
        "ip -6 rule delete pref 22361",
        "ip rule delete pref 22360; ip rule delete pref 22361; ip route flush table 22361",
        "ip route flush table 22361",
        "ip -6 route flush table 22361",
        "sysctl -qw net.ipv4.conf.all.src_valid_mark=0 net.ipv4.conf.all.rp_filter=1",
    ],
)
def test_what_others_do_to_full_encapsulation_is_heard_and_healed(host: Host, harm: str) -> None:
    host.inside.sh("sysctl -qw net.ipv4.conf.all.rp_filter=0")
    host.stand(SEALED)

    host.inside.sh(harm)
    is_heard = host.hears()
    is_healed = host.verify(SEALED)

    assert (is_heard, is_healed) == (True, True)
    assert host.is_still()
    assert host.inside.sh("cat /proc/sys/net/ipv4/conf/all/src_valid_mark").strip() == "1"


def test_the_agents_own_doing_and_looking_is_not_heard(host: Host) -> None:
    more = a_bundle(peers=[a_peer("a", ["172.21.0.0/16"])], addresses=["10.9.0.1/24"], listen_port=41000, forward=True)
    bundle = a_bundle(peers=PEERS, addresses=["10.9.0.1/24"], listen_port=41000, forward=True)
    host.stand(bundle)

    for wanted in (more, bundle):
        host.inside.do(lambda: host.tunnel.apply(desired(wanted)))  # noqa: B023
        host.verify(wanted)

    assert host.is_still()


def test_what_does_not_concern_the_agent_is_not_heard(host: Host) -> None:
    host.stand(JUMP)

    host.inside.sh(
        "ip link add lan0 type veth peer name lan1; ip link set lan0 up; ip address add 192.168.1.5/24 dev lan0;"
        "ip route add 10.77.0.0/16 dev lan0; ip rule add pref 900 table 77; nft add table ip other;"
        "sysctl -qw net.ipv4.conf.lan0.rp_filter=1; wg show"
    )

    assert host.is_still()


def test_a_host_that_is_disturbed_all_the_time_is_looked_at_no_more_than_once_a_second(host: Host) -> None:
    host.stand(JUMP)
    began_s = monotonic()

    while monotonic() < began_s + 4 * APART_S:
        host.inside.sh("nft flush ruleset; nft add table inet " + INTERFACE)
    took_s = monotonic() - began_s
    sleep(2 * APART_S)

    assert 3 <= host.said.qsize() <= (took_s + BURST_S) / APART_S + 2


def test_a_rule_in_the_table_of_others_is_put_back_and_their_restlessness_makes_nobody_restless(host: Host) -> None:
    host.inside.sh(FOREIGN)
    host.stand(JUMP, minds_others=True)

    host.inside.sh(f"nft delete table ip filter; {FOREIGN}")
    is_heard = host.hears()
    is_healed = host.verify(JUMP)
    is_still = host.is_still()
    began_s = monotonic()
    while monotonic() < began_s + 8 * APART_S:
        host.inside.sh("nft add table ip other; nft delete table ip other")

    assert (is_heard, is_healed, is_still) == (True, True, True)
    assert host.said.qsize() <= 4


def test_more_than_can_be_heard_is_reason_for_a_look(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.adapters.linux.netlink.BUFFER_BYTES", 1)
    watch = HostWatch(INTERFACE, host.said.put, host.commands.has_run)
    with host.inside.do(lambda: listening(NETLINK_ROUTE, ROUTE_GROUPS)) as unheard:
        host.inside.sh("for i in $(seq 200); do echo address add 10.1.0.$i/32 dev lo; done | ip -batch -")

        watch._heed([unheard])
        sleep(BURST_S)
        watch._heed([unheard])

    assert host.said.qsize() == 1
