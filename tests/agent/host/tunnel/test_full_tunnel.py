"""Full encapsulation on a real host: what goes into the tunnel, what never leaves beside it, and how it ends."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
import pytest

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.host.tunnel.full_tunnel import PolicyRoute, lines, seal, ways
from agent.host.tunnel.local_network import LocalNetwork
from agent.host.tunnel.rollback import restored
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key, a_tombstone
from tests.agent.namespace import Namespace
from tests.agent.site import INTERFACE, PLANE, WITHIN_S, Site, a_site, until
from tests.agent.test_tunnel import INTERFACE as TUNNEL
from tests.agent.test_tunnel import Host

SEAL = f"{INTERFACE}_seal"
HUB, JUMP_AT = "10.9.0.1", "203.0.113.9"
INTERNET, INTERNET_6 = "203.0.113.80", "2001:db8::80"
EVERYTHING = ["0.0.0.0/0", "::/0"]

# Of what the host sends over the wire: all but its tunnel, its agent, and its own network.
WATCH = f"""
table inet watch {{
  counter leaked {{ }}
  counter asked {{ }}
  counter answered_inside {{ }}
  chain wire {{
    type filter hook prerouting priority -300; policy accept;
    iifname "hub0" meta l4proto udp udp dport 53 counter name "answered_inside"
    iifname != "eth0" accept
    meta l4proto {{ tcp, udp }} th dport 53 counter name "asked"
    ip daddr {{ 192.168.1.0/24, {PLANE}, {JUMP_AT}, 224.0.0.0/4 }} accept
    ip6 daddr {{ fd11::/64, fe80::/10, ff00::/8 }} accept
    counter name "leaked"
  }}
}}
"""
ASK = "import socket, sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'?', (sys.argv[1], 53))"
# As systemd-resolved asks the resolvers of an interface: IP_UNICAST_IF, linux/in.h.
ASK_BY_INTERFACE = """
import socket, struct, sys
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.setsockopt(socket.IPPROTO_IP, 50, struct.pack("!I", socket.if_nametoindex("eth0")))
asker.connect((sys.argv[1], 53))
asker.send(b"?")
"""


def full(revision: int, prefixes: list[str] | None = None, is_full: bool = True) -> Bundle:
    hub = a_peer("hub", EVERYTHING if prefixes is None else prefixes, endpoint=f"{JUMP_AT}:51820", keepalive=25)
    return a_bundle(revision, [hub], full_encapsulation=is_full, resolvers=[HUB])


@dataclass
class Encapsulated:
    """A site whose jump stands in the world; `leaked`: packets that left beside the tunnel."""

    site: Site

    def raise_hub(self) -> None:
        world = self.site.world
        world.sh(f"ip address add {JUMP_AT}/32 dev lo; ip address add {INTERNET}/32 dev lo")
        world.sh(f"ip address add {INTERNET_6}/128 dev lo; printf '%s' '{WATCH}' | nft -f -")
        world.sh("ip link add hub0 type wireguard 2>/dev/null || wireguard-go hub0")
        key = self.site.state / "hub.key"
        key.write_text(a_private_key("hub"))
        world.sh(f"wg set hub0 listen-port 51820 private-key {key} && ip address add {HUB}/24 dev hub0")
        world.sh("ip link set hub0 up")

    def trust_host(self) -> None:
        enrolled = self.site.origin.enrolled
        assert enrolled is not None
        self.site.world.sh(f"wg set hub0 peer {enrolled.public_key} allowed-ips 10.9.0.2/32")

    def count(self, counter: str) -> int:
        listed = self.site.world.sh(f"nft list counter inet watch {counter}")
        return int(listed.split("packets ")[1].split()[0])

    def reaches(self, address: str) -> bool:
        return self.site.host.sh(f"ping -n -c 2 -i 0.2 -W 1 {address} >/dev/null 2>&1 && echo yes || true") != ""

    def ask(self, resolver: str) -> None:
        self.site.host.sh(f'python3 -c "{ASK}" {resolver} || true')

    def try_all(self) -> None:
        """What a program on the host may send."""
        for address in (INTERNET, INTERNET_6, "198.51.100.77"):
            self.reaches(address)
        for resolver in ("192.168.1.1", "198.51.100.53"):
            self.ask(resolver)

    def change(self, bundle: Bundle) -> None:
        self.site.origin.change(bundle)
        self.site.origin.wait_for(lambda: self.site.origin.has_applied(bundle.revision), WITHIN_S)
        assert self.site.origin.applied()[-1].ok, self.site.origin.applied()[-1].error

    def all_of_it(self) -> str:
        looks = ("ip rule", "ip -6 rule", "ip route show table 22361", "ip -6 route show table 22361")
        last = (f"wg show {INTERFACE} fwmark", f"nft list table inet {SEAL}")
        return self.site.host.sh("; ".join(f"{look} 2>/dev/null || true" for look in (*looks, *last)))

    def rules(self) -> str:
        return self.site.host.sh("ip rule; ip -6 rule; nft list tables")


@pytest.fixture
def encapsulated(tmp_path: Path) -> Iterator[Encapsulated]:
    with a_site(tmp_path, full(1)) as site:
        made = Encapsulated(site)
        made.raise_hub()
        made.trust_host()
        try:
            yield made
        finally:
            site.world.sh("ip link delete hub0 || true")


@pytest.fixture
def running(encapsulated: Encapsulated) -> Encapsulated:
    encapsulated.site.start()
    encapsulated.site.origin.wait_for(lambda: encapsulated.site.origin.has_applied(1), WITHIN_S)
    until(lambda: encapsulated.reaches(INTERNET))
    return encapsulated


@pytest.mark.root
def test_all_goes_through_the_jump_and_nothing_beside_it_whatever_becomes_of_the_tunnel(running: Encapsulated) -> None:
    site, host = running.site, running.site.host
    running.ask("192.168.1.1")
    inside = running.count("answered_inside")
    running.try_all()
    with_jump = (running.count("leaked"), running.count("asked"), running.reaches("192.168.1.1"))
    seen = running.reaches("fd11::1")

    site.world.sh("ip link set hub0 down")
    running.try_all()
    running.change(full(2))  # the control plane is still reached
    without_jump = (running.count("leaked"), running.count("asked"), running.reaches("192.168.1.1"))

    running.change(msgspec.structs.replace(full(3), is_blocked=True, peers=[]))
    running.try_all()
    blocked = (running.count("leaked"), running.count("asked"), running.reaches("192.168.1.1"))

    running.change(full(4))
    host.sh(f"ip link delete {INTERFACE}")
    running.try_all()
    without_interface = (running.count("leaked"), running.count("asked"))

    site.world.sh("ip link set hub0 up")
    running.change(full(5, ["10.9.0.1/32"], is_full=False))
    opened = (running.reaches(INTERNET), running.reaches(INTERNET_6))
    running.try_all()
    counts = (running.count("leaked") > 0, running.count("asked") > 0)

    assert (inside, seen) == (1, True)
    assert with_jump == without_jump == blocked == (0, 0, True)
    assert without_interface == (0, 0)
    assert opened == counts == (True, True)
    assert "22361" not in running.rules()
    assert "_seal" not in running.rules()


@pytest.mark.root
@pytest.mark.parametrize("resolver", ["192.168.1.1", "198.51.100.53"])
def test_a_resolver_of_an_interface_is_not_asked_but_the_jumps_is(running: Encapsulated, resolver: str) -> None:
    inside = running.count("answered_inside")

    running.site.host.sh(f"python3 -c '{ASK_BY_INTERFACE}' {resolver}")

    until(lambda: running.count("answered_inside") == inside + 1)
    assert running.count("asked") == 0


@pytest.mark.root
def test_what_was_done_to_it_is_healed_at_once_by_the_next_start(running: Encapsulated) -> None:
    site, host = running.site, running.site.host
    before = running.all_of_it()
    harms = (
        "ip rule delete priority 22361; ip -6 rule delete priority 22360",
        "ip route flush table 22361",
        f"nft flush table inet {SEAL}",
        f"nft delete table inet {SEAL}",
        f"wg set {INTERFACE} fwmark off",
    )
    for number, harm in enumerate(harms, start=2):
        site.agents[-1].kill()
        site.agents[-1].wait()
        host.sh(harm)
        site.start()
        until(lambda: len(applications(site)) == number)  # noqa: B023
        assert running.all_of_it() == before, harm

    assert all(part in before for part in (f"default dev {INTERFACE}", "0x5759", "unreachable default", "drop"))
    assert running.reaches(INTERNET)


@pytest.mark.root
def test_a_fresh_look_at_an_encapsulated_host_changes_nothing_and_turning_it_off_opens_last(tmp_path: Path) -> None:
    bundle = full(1)
    with Namespace() as inside:
        host = Host(inside, tmp_path)
        host.tunnel.seal = SealKeeping(Encapsulation(host.commands, TUNNEL))
        host.apply(bundle)

        looked = host.verify(bundle)
        again = host.apply(bundle)
        ran = list(host.commands.ran)
        host.apply(full(2, ["10.9.0.1/32"], is_full=False))
        off = list(host.commands.ran)
        inside.do(host.tunnel.remove)
        inside.do(host.tunnel.remove)

    assert (looked.is_changed, again.is_changed, ran) == (False, False, [])
    assert off[-2:] == [f"nft delete table inet {TUNNEL}_seal", f"wg set {TUNNEL} fwmark off"]
    assert [command for command in off if "-batch" in command] != []


@pytest.mark.root
def test_after_a_boot_without_jump_and_control_plane_nothing_leaves_and_a_deletion_opens_all(
    running: Encapsulated,
) -> None:
    site = running.site
    site.agents[0].kill()
    site.agents[0].wait()
    pid = next((site.state / "net_1").glob("wy*.pid"))
    os.kill(int(pid.read_text()), signal.SIGKILL)
    site.host.sh(f"ip rule delete priority 22361; ip rule delete priority 22360; nft delete table inet {SEAL}")
    site.host.sh("ip -6 rule delete priority 22361; ip -6 rule delete priority 22360; rm -rf /run/wireguard/*")
    site.world.sh("ip link set hub0 down")
    site.origin.stop()

    site.start()
    until(lambda: "_seal" in running.rules() and "22361" in running.rules())
    running.try_all()
    leaked = running.count("leaked")
    site.origin.tombstone = a_tombstone()
    site.origin.restart()

    assert site.agents[-1].wait(WITHIN_S) == 3
    assert leaked == 0
    assert running.reaches(INTERNET)
    assert "_seal" not in running.rules()


@pytest.mark.root
def test_a_second_enrolment_with_full_encapsulation_is_refused_and_says_so(encapsulated: Encapsulated) -> None:
    site = encapsulated.site
    site.host.sh("nft add table inet wy00000000_seal")

    site.start()
    site.origin.wait_for(lambda: site.origin.applied(), WITHIN_S)

    error = site.origin.applied()[0].error or ""
    assert "wy00000000" in error
    assert "only one can" in error
    assert "22361" not in encapsulated.rules()


def applications(site: Site) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (site.state / "log").read_text().splitlines()]
    return [line for line in lines if line["event"] == "bundle_applied"]


def test_without_full_encapsulation_there_is_nothing_to_route() -> None:
    assert ways(desired(a_bundle()), has_ipv6=True) == frozenset()


@pytest.mark.parametrize(("address", "piece"), [("fd00:9::2/64", "tunnel"), (None, "nowhere")])
def test_ipv6_goes_into_a_tunnel_that_has_it_and_else_nowhere(address: str | None, piece: str) -> None:
    bundle = a_bundle(peers=[], addresses=["10.9.0.2/24", *([address] if address else [])], full_encapsulation=True)

    made = ways(desired(bundle), has_ipv6=True)

    assert {way.piece for way in made if way.version == 6} == {"own_first", "else_tunnel", "nowhere", piece}
    assert {way.piece for way in made if way.version == 4} == {"own_first", "else_tunnel", "nowhere", "tunnel"}


def test_a_kernel_without_ipv6_is_asked_for_none() -> None:
    assert {way.version for way in ways(desired(full(1)), has_ipv6=False)} == {4}


def test_nothing_changed_is_no_line_and_the_table_is_filled_before_it_is_used() -> None:
    after = ways(desired(full(1)), has_ipv6=False)

    assert lines(after, after, 4, "wy1") == []
    assert [line.split()[:2] for line in lines((), after, 4, "wy1")] == [
        ["route", "replace"],
        ["route", "replace"],
        ["rule", "add"],
        ["rule", "add"],
    ]
    assert lines(after, (), 4, "wy1")[-1].startswith("route delete default dev wy1")


def test_a_tunnel_that_gets_addresses_of_a_family_is_a_route_before_the_one_to_nowhere() -> None:
    changed = lines([PolicyRoute(6, "nowhere")], [PolicyRoute(6, "nowhere"), PolicyRoute(6, "tunnel")], 6, "wy1")

    assert changed == ["route replace default dev wy1 metric 1 table 22361 proto kernel"]


def test_names_are_asked_of_the_first_resolver_of_each_family_alone() -> None:
    table = seal("wy1", LocalNetwork(), [ip_address("10.9.0.1"), ip_address("10.9.0.9"), ip_address("fd00:9::1")])

    assert "dnat ip to 10.9.0.1" in table.chains
    assert "dnat ip6 to fd00:9::1" in table.chains
    assert "10.9.0.9" not in table.chains


def test_another_local_network_is_an_element_more() -> None:
    nets = (LocalNetwork(subnets=frozenset({ip_network(f"192.168.{n}.0/24")})) for n in (1, 2))
    before, after = (seal("wy1", net, []) for net in nets)

    assert after.has_shape_of(before)
    assert after.sets["local_v4"] == {"192.168.2.0/24"}


def test_a_rollback_of_full_encapsulation_gives_the_good_routes_back_and_opens_the_host() -> None:
    good = desired(full(1, ["10.9.0.0/24", "172.20.0.0/16"], is_full=False))

    made = restored(good, desired(full(2)))

    assert (made.is_full, made.routes) == (False, good.routes)
    assert made.sections[a_public_key("hub")].allowed_ips == {ip_network("10.9.0.0/24"), ip_network("172.20.0.0/16")}


def test_a_rollback_never_brings_full_encapsulation_back() -> None:
    new = desired(full(2, ["10.9.0.0/24"], is_full=False))

    assert restored(desired(full(1)), new) == new
