"""Real WireGuard in a namespace: what `apply` makes, and how little it does when little changes."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.interface import Device
from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.errors import ToolFailed
from agent.host.results import ApplyResult
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.wanted import desired, endpoints_asked
from chalicelib.wire.bundle import Bundle, Exit, Firewall
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

INTERFACE = "wy00000001"


@dataclass(frozen=True, slots=True)
class Recorded(Commands):
    """Runs for real, and keeps what ran."""

    ran: list[str] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)

    def run(self, *argv: str, stdin: str = "") -> str:
        self.ran.append(" ".join(argv))
        if stdin:
            self.given.append((stdin, " ".join(argv)))
        return Commands.run(self, *argv, stdin=stdin)


@dataclass
class Host:
    inside: Namespace
    state: Path
    commands: Recorded = field(default_factory=Recorded)
    interface: str = INTERFACE

    def __post_init__(self) -> None:
        self.tunnel = self.a_tunnel()

    def a_tunnel(self, memory: Memory | None = None) -> HostTunnel:
        return HostTunnel(
            commands=self.commands,
            interface=self.interface,
            device=Device(self.commands, self.interface, self.state / "pid"),
            firewall=NftFirewall(self.commands, self.interface),
            private_key=a_private_key("me"),
            memory=memory or Memory(),
        )

    def apply(self, bundle: Bundle) -> ApplyResult:
        self.commands.ran.clear()
        return self.inside.do(lambda: self.tunnel.apply(desired(bundle)))

    def verify(self, bundle: Bundle) -> ApplyResult:
        self.commands.ran.clear()
        return self.inside.do(lambda: self.tunnel.verify(desired(bundle)))

    def wg(self, what: str) -> str:
        return self.inside.sh(f"wg show {INTERFACE} {what}").strip()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Namespace() as inside:
        inside.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")  # a new namespace forwards where the machine does
        inside.sh("mount -t proc proc /proc")
        made = Host(inside, tmp_path)
        yield made
        inside.do(made.tunnel.remove)


def test_a_bundle_becomes_an_interface_with_peers_addresses_and_routes(host: Host) -> None:
    hub = a_peer("hub", ["10.9.0.1/32", "192.168.77.0/24"], endpoint="203.0.113.1:51820", keepalive=25)

    host.apply(a_bundle(peers=[hub], addresses=["10.9.0.2/24", "fd00:9::2/64"], listen_port=41000, mtu=1400))

    assert host.wg("public-key") == a_public_key("me")
    assert host.wg("listen-port") == "41000"
    assert host.wg("endpoints") == f"{hub.public_key}\t203.0.113.1:51820"
    assert "192.168.77.0/24 dev wy00000001 proto 87 scope link" in host.inside.sh("ip route show")
    link = host.inside.sh(f"ip address show dev {INTERFACE}")
    assert all(text in link for text in ("10.9.0.2/24", "fd00:9::2/64", "mtu 1400", ",UP"))


def test_the_same_bundle_again_runs_no_command(host: Host) -> None:
    host.apply(a_bundle(forward=True))

    made = host.apply(a_bundle(forward=True))

    assert host.commands.ran == []
    assert not made.is_changed


def test_a_fresh_look_at_a_host_that_agrees_changes_nothing(host: Host) -> None:
    bundle = a_bundle(peers=[a_peer("a", ["10.9.0.3/32"]), a_peer("b", ["172.20.0.0/16"])], forward=True)
    host.apply(bundle)

    made = host.verify(bundle)

    assert not made.is_changed
    assert {command.split()[0] for command in host.commands.ran} == {"wg", "ip", "nft"}
    assert not any("addconf" in command or "batch" in command or "-f" in command for command in host.commands.ran)


def test_one_changed_peer_is_one_wg_and_leaves_the_others_alone(host: Host) -> None:
    stable = a_peer("stable", ["10.9.0.3/32"], endpoint="203.0.113.9:1000")
    host.apply(a_bundle(peers=[stable, a_peer("moving", ["10.9.0.4/32"])]))
    host.inside.sh(f"wg set {INTERFACE} peer {stable.public_key} endpoint 203.0.113.9:2000")  # it roamed

    host.apply(a_bundle(peers=[stable, a_peer("moving", ["10.9.0.5/32"])]))

    assert host.commands.ran == [f"wg addconf {INTERFACE} /dev/stdin"]
    assert f"{stable.public_key}\t203.0.113.9:2000" in host.wg("endpoints")
    assert f"{a_public_key('moving')}\t10.9.0.5/32" in host.wg("allowed-ips")


def test_a_removed_peer_is_one_wg_after_a_look_at_where_it_is(host: Host) -> None:
    host.apply(a_bundle(peers=[a_peer("a", ["10.9.0.3/32"]), a_peer("b", ["10.9.0.4/32"])]))

    host.apply(a_bundle(peers=[a_peer("b", ["10.9.0.4/32"])]))

    removal = f"wg set {INTERFACE} peer {a_public_key('a')} remove"
    assert host.commands.ran == [f"wg show {INTERFACE} dump", removal]
    assert host.wg("peers") == a_public_key("b")


def test_a_prefix_that_moves_ends_at_its_new_peer(host: Host) -> None:
    host.apply(a_bundle(peers=[a_peer("a", ["10.9.0.3/32"]), a_peer("b", [])]))

    host.apply(a_bundle(peers=[a_peer("a", []), a_peer("b", ["10.9.0.3/32"])]))

    assert f"{a_public_key('b')}\t10.9.0.3/32" in host.wg("allowed-ips")
    assert f"{a_public_key('a')}\t(none)" in host.wg("allowed-ips")


def test_a_new_address_in_the_same_subnet_replaces_the_old_one(host: Host) -> None:
    host.apply(a_bundle(addresses=["10.9.0.2/24"]))

    host.apply(a_bundle(addresses=["10.9.0.7/24"]))

    link = host.inside.sh(f"ip -4 address show dev {INTERFACE}")
    assert "10.9.0.7/24" in link
    assert "10.9.0.2" not in link


def test_a_route_that_is_no_longer_wanted_goes_and_foreign_ones_stay(host: Host) -> None:
    host.apply(a_bundle(peers=[a_peer("a", ["172.20.0.0/16"])]))
    host.inside.sh(f"ip route add 172.30.0.0/16 dev {INTERFACE}")

    host.apply(a_bundle(peers=[a_peer("a", ["10.9.0.3/32"])]))

    routes = host.inside.sh("ip route show")
    assert "172.20.0.0/16" not in routes
    assert "172.30.0.0/16" in routes


def test_a_route_over_the_hosts_own_subnet_or_gateway_is_left_out_and_named(host: Host) -> None:
    host.inside.sh(
        "ip link add lan0 type veth peer name lan1 && ip link set lan1 up && ip link set lan0 up"
        " && ip address add 192.168.1.5/24 dev lan0 && ip route add default via 192.168.1.1"
    )
    bundle = a_bundle(peers=[a_peer("site", ["192.168.1.0/24", "172.20.0.0/16"])])

    made = host.apply(bundle)

    assert [sentence.split()[0] for sentence in made.conflicts] == ["192.168.1.0/24"]
    routes = host.inside.sh("ip route show")
    assert "192.168.1.0/24 dev lan0" in routes
    assert f"172.20.0.0/16 dev {INTERFACE}" in routes


def test_a_jump_forwards_and_loads_its_policy_before_its_first_peer(host: Host) -> None:
    firewall = Firewall(forward=True, sets={"tag:web": ["10.9.0.3/32"]})

    host.apply(a_bundle(peers=[a_peer("a", ["10.9.0.3/32"])], firewall=firewall))

    steps = [command for command in host.commands.ran if command.startswith(("nft -f", "wg addconf"))]
    assert steps == ["nft -f -", f"wg addconf {INTERFACE} /dev/stdin"]
    table = host.inside.sh(f"nft list table inet {INTERFACE}")
    assert all(text in table for text in ('comment "tag:web"', "elements = { 10.9.0.3 }", "maxseg size set 1380"))
    assert host.inside.sh(f"cat /proc/sys/net/ipv4/conf/{INTERFACE}/forwarding").strip() == "1"


def test_a_member_of_a_set_more_is_one_element(host: Host) -> None:
    webs = [Firewall(forward=True, sets={"tag:web": members}) for members in (["10.9.0.3/32"], ["10.9.0.4/32"])]
    host.apply(a_bundle(firewall=webs[0]))

    host.apply(a_bundle(firewall=webs[1]))

    assert host.commands.ran == ["nft -f -"]
    assert "elements = { 10.9.0.4 }" in host.inside.sh(f"nft list table inet {INTERFACE}")


def test_what_changes_hands_within_a_range_of_another_is_blocked_meanwhile(host: Host) -> None:
    wide, narrow = "172.20.0.0/16", "172.20.1.0/24"

    def a_jump(revision: int, *b: str) -> Bundle:
        firewall = Firewall(forward=True, sets={"peer:b": list(b)})
        return a_bundle(revision, [a_peer("a", [wide]), a_peer("b", list(b))], firewall=firewall)

    host.apply(a_jump(1, "10.9.0.3/32", narrow))
    (barred, _), *_ = loads = loaded_by(host, lambda: host.apply(a_jump(2, "10.9.0.3/32")))

    assert [command for _, command in loads[:3]] == ["nft -f -", f"wg addconf {INTERFACE} /dev/stdin", "nft -f -"]
    assert f"add element inet {INTERFACE} s0v4 {{ {narrow} }}" in barred
    blocked = host.inside.sh(f"nft list set inet {INTERFACE} s0v4")
    assert ('comment "blocked"' in blocked, "elements" in blocked) == (True, False)
    assert not host.verify(a_jump(2, "10.9.0.3/32")).is_changed


def loaded_by(host: Host, act: Callable[[], object]) -> list[tuple[str, str]]:
    """What was given to the tools, and to which."""
    before = len(host.commands.given)
    act()
    return host.commands.given[before:]


def test_what_leaves_for_an_exit_is_masqueraded_where_the_hosts_routes_lead(host: Host) -> None:
    host.inside.sh("ip link add lan0 type veth peer name lan1 && ip link set lan1 up && ip link set lan0 up")
    host.inside.sh("ip address add 192.168.1.5/24 dev lan0")
    bundle = a_bundle(firewall=Firewall(forward=True, exits=[Exit(cidr="192.168.1.0/24", masquerade=True)]))
    host.apply(bundle)
    before = host.inside.sh(f"nft list chain inet {INTERFACE} nat")
    host.inside.sh("ip link set lan0 down && ip link set lan0 name lan9 && ip link set lan9 up")

    made = host.verify(bundle)

    assert 'oifname "lan0" ip daddr 192.168.1.0/24 masquerade' in before
    assert made.is_changed
    assert 'oifname "lan9" ip daddr 192.168.1.0/24 masquerade' in host.inside.sh(f"nft list table inet {INTERFACE}")
    assert not host.verify(bundle).is_changed


def test_a_peer_that_is_no_jump_loads_no_table(host: Host) -> None:
    host.apply(a_bundle(forward=True))

    host.apply(a_bundle(forward=False))

    assert INTERFACE not in host.inside.sh("nft list tables")


@pytest.mark.parametrize(
    "harm",
    [
        f"ip link delete {INTERFACE}",
        f"nft delete table inet {INTERFACE}",
        f"nft flush table inet {INTERFACE}",
        f"nft flush set inet {INTERFACE} neverv4",
        f"ip address flush dev {INTERFACE}",
        f"ip link set {INTERFACE} down",
        f"ip route flush proto 87 dev {INTERFACE}",
        f"ip route flush dev {INTERFACE}",
        f"ip address flush dev {INTERFACE}; ip link set {INTERFACE} down",
        f"wg set {INTERFACE} peer {a_public_key('a')} remove",
        f"wg set {INTERFACE} listen-port 5555",
        f"wg set {INTERFACE} peer {a_public_key('stranger')} allowed-ips 10.9.0.66/32",
        f"ip route add 172.29.0.0/16 dev {INTERFACE} proto 87",
        f"ip address add 10.9.0.99/24 dev {INTERFACE}",
    ],
)
def test_what_was_done_to_the_host_is_healed(host: Host, harm: str) -> None:
    bundle = a_bundle(
        peers=[a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])],
        addresses=["10.9.0.1/24", "10.9.0.2/24"],
        listen_port=41000,
        forward=True,
    )
    host.apply(bundle)
    host.inside.sh(harm)

    assert host.verify(bundle).is_changed

    assert not host.verify(bundle).is_changed


@pytest.mark.parametrize("version", ["-4", "-6"])
def test_the_routes_to_its_own_network_come_back(host: Host, version: str) -> None:
    bundle = a_bundle(addresses=["10.9.0.1/24", "10.9.0.2/24", "10.9.1.1/32", "fd00:9::1/64", "fd00:9:1::1/128"])
    host.apply(bundle)
    before = host.inside.sh(f"ip {version} route show dev {INTERFACE} | grep -v fe80")
    host.inside.sh(f"ip {version} route flush dev {INTERFACE} {'10.9.0.0/24' if version == '-4' else 'fd00:9::/64'}")

    healed, again = host.verify(bundle), host.verify(bundle)

    assert (healed.is_changed, again.is_changed) == (True, False)
    assert host.inside.sh(f"ip {version} route show dev {INTERFACE} | grep -v fe80") == before


def test_a_killed_wireguard_go_is_replaced_and_keeps_what_peers_taught_it(host: Host) -> None:
    bundle = a_bundle(peers=[a_peer("a", ["10.9.0.3/32"])])
    host.apply(bundle)
    learned = {a_public_key("a"): "203.0.113.5:6"}
    host.tunnel.memory = replace(host.tunnel.memory, learned=learned)
    host.tunnel.meet({a_public_key("a"): "203.0.113.5:7"})
    os.kill(int((host.state / "pid").read_text()), signal.SIGKILL)
    time.sleep(0.1)

    assert host.verify(bundle).is_changed

    assert not host.verify(bundle).is_changed
    assert host.wg("endpoints") == f"{a_public_key('a')}\t203.0.113.5:7"


def test_a_change_heals_a_vanished_interface_on_its_way(host: Host) -> None:
    host.apply(a_bundle())
    host.inside.sh(f"ip link delete {INTERFACE}")

    host.apply(a_bundle(peers=[a_peer("new", ["10.9.0.8/32"])]))

    assert host.wg("peers") == a_public_key("new")


@pytest.mark.parametrize("forward", [False, True])
def test_another_agent_takes_the_interface_over_without_a_change(host: Host, forward: bool) -> None:
    bundle = a_bundle(peers=[a_peer("hub", endpoint="203.0.113.1:51820")], forward=forward)
    first = host.apply(bundle)
    former, host.tunnel = host.tunnel, host.a_tunnel(Memory(asked=endpoints_asked(bundle)))

    made = host.apply(bundle)

    assert not any("addconf" in command or "batch" in command for command in host.commands.ran)
    assert not made.is_changed
    assert made.kind == first.kind
    assert former is not host.tunnel


def test_an_unresolvable_endpoint_leaves_the_peer_without_one_and_says_so(host: Host) -> None:
    made = host.apply(a_bundle(peers=[a_peer("hub", endpoint="no-such-host.invalid:51820")]))

    assert made.is_unresolved
    again = host.apply(a_bundle(peers=[a_peer("hub", endpoint="no-such-host.invalid:51820")]))
    assert not again.is_changed  # a hint must not wait for names; the next look asks again
    assert host.wg("endpoints") == f"{a_public_key('hub')}\t(none)"


def test_a_changed_preshared_key_keeps_the_roamed_endpoint(host: Host) -> None:
    first = a_peer("a", ["10.9.0.3/32"], endpoint="203.0.113.1:1", preshared_key=a_private_key("psk1"))
    host.apply(a_bundle(peers=[first]))
    host.inside.sh(f"wg set {INTERFACE} peer {first.public_key} endpoint 203.0.113.1:2")

    host.apply(a_bundle(peers=[a_peer("a", ["10.9.0.3/32"], endpoint="203.0.113.1:1")]))

    assert host.wg("endpoints").endswith("203.0.113.1:2")
    assert host.wg("preshared-keys").endswith("(none)")


def test_another_firewall_that_forbids_is_told_and_opened_where_asked(host: Host) -> None:
    host.inside.sh(
        "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'"
    )
    bundle = a_bundle(forward=True)
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE))

    told, kept = host.apply(bundle).forbidden, host.apply(a_bundle(forward=True, revision=2)).forbidden
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE, is_managed=True))
    opened, again = host.verify(bundle), host.verify(bundle)
    is_marked = f"wirety:{INTERFACE}" in host.inside.sh("nft list ruleset")
    host.inside.do(host.tunnel.remove)

    assert ("table ip filter" in told[0], kept) == (True, told)
    assert (opened.is_changed, opened.forbidden, again.is_changed, is_marked) == (True, (), False, True)
    assert INTERFACE not in host.inside.sh("nft list ruleset")


def test_what_was_opened_in_other_firewalls_is_closed_when_this_is_no_longer_a_jump(host: Host) -> None:
    host.inside.sh(
        "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'"
    )
    before = host.inside.sh("nft list ruleset")
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE, is_managed=True))
    host.verify(a_bundle(forward=True))
    is_opened = f"wirety:{INTERFACE}" in host.inside.sh("nft list ruleset")

    host.verify(a_bundle(forward=False))

    assert is_opened
    assert host.inside.sh("nft list ruleset") == before


def test_a_jump_that_peers_cannot_ask_for_names_says_so_until_they_can(host: Host) -> None:
    host.inside.sh(
        "nft 'add table ip filter; add chain ip filter INPUT { type filter hook input priority 0; policy drop; }'"
    )
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE))
    bundle = a_bundle(forward=True, listen_port=41000)

    told, kept = host.verify(bundle).shut, host.apply(a_bundle(2, forward=True, listen_port=41000)).shut
    host.inside.sh(f"nft add rule ip filter INPUT iifname {INTERFACE} accept")
    host.inside.sh("nft add rule ip filter INPUT udp dport 41000 accept")

    assert [part in said for part, said in zip(("UDP port 41000", "port 53 from"), told, strict=True)] == [True, True]
    assert (kept, host.verify(bundle).shut) == (told, ())


def test_removal_leaves_nothing_and_can_be_repeated(host: Host) -> None:
    host.apply(a_bundle(forward=True))
    pid = int((host.state / "pid").read_text())

    host.inside.do(host.tunnel.remove)
    host.inside.do(host.tunnel.remove)

    assert INTERFACE not in host.inside.sh("ip link show; nft list tables; ls /run/wireguard")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_thousand_peers_are_one_command_and_three_when_they_go(host: Host) -> None:
    peers = [a_peer(f"p{n}", [f"10.64.{n // 250}.{n % 250}/32"]) for n in range(1000)]
    host.apply(a_bundle(peers=[], addresses=["10.64.255.1/16"]))

    host.apply(a_bundle(peers=peers, addresses=["10.64.255.1/16"]))
    added = list(host.commands.ran)
    host.apply(a_bundle(peers=[], addresses=["10.64.255.1/16"]))

    assert len(added) == 1
    assert len(host.commands.ran) == 3


def test_what_wg_refuses_is_an_error_without_the_key() -> None:
    with pytest.raises(ToolFailed) as failed:
        Commands().run("wg", "pubkey", stdin="c2VjcmV0\n")

    assert "c2VjcmV0" not in str(failed.value)


def test_a_plan_names_every_step_and_takes_none(host: Host) -> None:
    wanted = desired(a_bundle(forward=True))

    steps = host.inside.do(lambda: host.tunnel.plan(wanted)).steps

    assert [step.action for step in steps] == [
        "create_interface",
        "load_firewall",
        "enable_forwarding",
        "configure",
        "network",
    ]
    assert INTERFACE not in host.inside.sh("ip link show; nft list tables")


def test_a_plan_by_another_process_of_a_host_that_agrees_has_no_step(host: Host) -> None:
    bundle = a_bundle(peers=[a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])], listen_port=41000, forward=True)
    host.apply(bundle)
    other = host.a_tunnel(Memory(asked=endpoints_asked(bundle)))

    agreeing = host.inside.do(lambda: other.plan(desired(bundle))).steps
    host.inside.sh(f"nft flush table inet {INTERFACE}")
    flushed = host.inside.do(lambda: other.plan(desired(bundle))).steps

    assert agreeing == ()
    assert [step.action for step in flushed] == ["load_firewall"]


def test_a_reset_peer_is_removed_and_added_and_nobody_else_is_touched(host: Host) -> None:
    left, right = a_peer("left", ["10.9.0.2/32"]), a_peer("right", ["10.9.0.3/32"])
    bundle = a_bundle(peers=[left, right])
    host.apply(bundle)
    host.commands.ran.clear()

    host.inside.do(lambda: host.tunnel.reset(desired(bundle), left.public_key))

    assert host.commands.ran == [
        f"wg set {INTERFACE} peer {left.public_key} remove",
        f"wg addconf {INTERFACE} /dev/stdin",
    ]
    assert f"{left.public_key}\t10.9.0.2/32" in host.wg("allowed-ips")
    assert not host.apply(bundle).is_changed


def test_two_enrolments_of_one_host_do_not_touch_each_other(host: Host, tmp_path: Path) -> None:
    other = Host(host.inside, tmp_path / "other", interface="wy00000009")
    other.state.mkdir()
    mine = a_bundle(peers=[a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])], listen_port=41000, forward=True)
    theirs = a_bundle(peers=[a_peer("b", ["10.8.0.3/32", "172.21.0.0/16"])], addresses=["10.8.0.2/24"], forward=True)
    host.apply(mine)

    other.apply(theirs)
    beside = host.verify(mine)
    other.inside.do(other.tunnel.remove)
    alone = host.verify(mine)

    assert (beside.is_changed, alone.is_changed) == (False, False)
    assert host.wg("peers") == a_public_key("a")
    assert "wy00000009" not in host.inside.sh("ip link; nft list tables")
