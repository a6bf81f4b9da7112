"""Full encapsulation on a real host, while others take one of its barriers away, or both at once."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.identity.keys import wireguard_public_key
from tests.agent.builders import a_bundle, a_peer, a_private_key
from tests.agent.host.tunnel.wired_host import ALL_PACKETS, INTERNET, OTHER, Wired, full, give_addresses, networkd
from tests.agent.namespace import Namespace
from tests.agent.site import until
from tests.agent.tunnel_host import INTERFACE, Host

pytestmark = pytest.mark.root


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    with Namespace() as inside:
        inside.sh("ip link add wire0 type veth peer name wire1 && ip link set wire1 up && ip link set wire0 up")
        give_addresses(inside)
        for address in ("198.51.100.1", "8.0.0.1"):
            inside.sh(f"ip neigh replace {address} lladdr 02:00:00:00:00:01 dev wire0 nud permanent")
        inside.sh("ip -6 neigh replace 2001:db8::1 lladdr 02:00:00:00:00:01 dev wire0 nud permanent")
        wire = inside.do(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PACKETS)))
        wire.bind(("wire1", ALL_PACKETS))
        wire.setblocking(False)
        (tmp_path / INTERFACE).mkdir()
        made = Wired(Host(inside, tmp_path), wire)
        made.host.tunnel.seal = SealKeeping(made.encapsulation(INTERFACE))
        try:
            yield made
        finally:
            inside.do(made.host.tunnel.remove)
            wire.close()


def test_networkd_and_nftables_restarted_at_once_leave_nothing_in_clear(wired: Wired) -> None:
    wired.host.apply(full())
    inside = wired.host.inside
    inside.sh("ip rule add priority 30000 table 30000; ip -6 route add unreachable 2001:db8:ff::/48 proto 99")
    sealed = (wired.leaks(), wired.tables())
    with networkd(inside):
        until(lambda: "30000" not in inside.sh("ip rule"))
        until(lambda: "proto 99" not in inside.sh("ip -6 route"))
        inside.sh("nft flush ruleset")

        flushed = (wired.leaks(), inside.sh("nft list tables"))
        inside.sh(f"ip link set {INTERFACE} down")
        down = wired.leaks()
        inside.sh(f"ip link delete {INTERFACE}")
        gone = wired.leaks()

    assert (sealed[0], flushed, down, gone) == ([], ([], ""), [], [])
    assert "22361" in sealed[1]


def test_what_leaves_in_clear_is_seen_on_the_wire(wired: Wired) -> None:
    """The measure of the other tests: without both barriers it is there."""
    wired.host.apply(full())
    wired.host.inside.sh("nft flush ruleset; ip rule del priority 22361; ip -6 rule del priority 22361")

    assert wired.leaks() == list(INTERNET)


def test_the_seal_alone_holds_where_rules_and_routes_are_flushed_and_the_next_look_heals_them(wired: Wired) -> None:
    wired.host.apply(full())
    before = wired.tables()
    harm = "; ".join(
        f"ip {v} rule del priority {p}; ip {v} route flush table 22361" for v in ("-4", "-6") for p in (22360, 22361)
    )
    wired.host.inside.sh(f"({harm}) 2>/dev/null; true")

    leaked = wired.leaks()
    made = wired.host.verify(full())

    assert (leaked, made.is_changed, wired.tables()) == ([], True, before)


def test_rules_of_an_earlier_agent_are_made_anew_as_those_that_stay(wired: Wired) -> None:
    wired.host.apply(full())
    before = wired.tables()
    for v, route in (("-4", f"default dev {INTERFACE}"), ("-6", "unreachable default")):
        wired.host.inside.sh(
            f"ip {v} route flush table 22361; ip {v} route add {route} table 22361 proto 87"
            f"; ip {v} rule add priority 22360 table main suppress_prefixlength 0"
            f"; ip {v} rule add priority 22361 not fwmark 0x5759 table 22361"
        )

    first, second = wired.host.verify(full()), wired.host.verify(full())

    assert (first.is_changed, second.is_changed, wired.tables()) == (True, False, before)


def test_leaving_after_the_seal_was_flushed_by_others_leaves_no_rule_and_no_route(wired: Wired) -> None:
    wired.host.apply(full())
    wired.host.inside.sh("nft flush ruleset; ip -6 rule del priority 22360")
    left = replace(wired.host)
    left.tunnel.seal = SealKeeping(Encapsulation(left.commands, INTERFACE))  # of an enrolment that knows no file

    left.inside.do(left.tunnel.remove)

    assert "2236" not in wired.tables()
    assert wired.leaks() == list(INTERNET)


def test_another_enrolment_keeps_its_way_and_takes_nothing_away_when_it_looks_or_leaves(wired: Wired) -> None:
    other = wired.enroll(OTHER)
    behind = a_bundle(1, [a_peer("b", ["10.21.0.1/32", "10.60.0.0/16"])], addresses=["10.21.0.5/24"])
    other.apply(behind)
    wired.host.apply(full())
    before = wired.tables()

    reached = wired.send("10.21.0.9", "10.60.0.9")
    looked = other.verify(behind)
    after_look = wired.tables()
    wired.host.inside.sh("nft flush ruleset")
    other.inside.do(other.tunnel.remove)
    left = wired.leaks()
    wired.host.verify(full())

    assert (reached, looked.is_changed, after_look) == (["10.21.0.9", "10.60.0.9"], False, before)
    assert (left, wired.tables()) == ([], before)


def test_a_second_enrolment_is_refused_also_while_the_first_ones_seal_is_flushed(wired: Wired) -> None:
    wired.host.apply(full())
    wired.host.inside.sh("nft flush ruleset")
    second = wired.enroll(OTHER)

    with pytest.raises(Exception, match="only one can"):
        second.apply(full(addresses=("10.21.0.5/24",)))
    second.inside.do(second.tunnel.remove)

    assert wired.leaks() == []


@pytest.mark.parametrize(("subnet", "is_reached"), [("8.0.0.2/6", False), ("8.8.8.2/24", True)])
def test_a_subnet_as_large_as_nobodys_is_not_local(wired: Wired, subnet: str, is_reached: bool) -> None:
    wired.host.inside.sh(f"ip address add {subnet} dev wire0")
    wired.host.inside.sh("ip neigh replace 8.8.8.8 lladdr 02:00:00:00:00:01 dev wire0 nud permanent")
    wired.host.apply(full())
    wired.in_clear()

    sent = wired.send("8.8.8.8")

    assert (bool(sent), wired.in_clear("8.8.8.8")) == (is_reached, ["8.8.8.8"] if is_reached else [])


def test_the_control_plane_is_not_reached_unmarked_by_a_local_network_that_has_its_address(wired: Wired) -> None:
    made = wired.encapsulation(INTERFACE)
    made.control_plane = lambda: [ip_address("198.51.100.7")]
    wired.host.tunnel.seal = SealKeeping(made)
    for address in ("198.51.100.7", "198.51.100.8"):
        wired.host.inside.sh(f"ip neigh replace {address} lladdr 02:00:00:00:00:01 dev wire0 nud permanent")

    wired.host.apply(full())

    assert wired.send("198.51.100.7", "198.51.100.8", "198.51.100.9") == ["198.51.100.8"]


def test_without_a_lan_nothing_local_is_reached_either(wired: Wired) -> None:
    wired.host.tunnel.seal = SealKeeping(wired.encapsulation(INTERFACE, allows_lan=False))
    wired.host.inside.sh("ip neigh replace 198.51.100.8 lladdr 02:00:00:00:00:01 dev wire0 nud permanent")

    wired.host.apply(full())
    wired.in_clear()
    wired.send("198.51.100.8", "224.0.0.251", "255.255.255.255")

    assert wired.in_clear("198.51.100.8", "224.0.0.251", "255.255.255.255") == []
    assert not wired.host.verify(full()).is_changed


def test_the_first_handshake_is_let_out(wired: Wired) -> None:
    """WireGuard tries again after 5 s, for which the host would be dark at each start."""
    inside, hub = wired.host.inside, Namespace()
    with hub:
        thread = hub.do(lambda: Path("/proc/thread-self").readlink().name)
        inside.sh(f"ip link add to_hub type veth peer name to_host netns {thread} && ip link set to_hub up")
        inside.sh("ip address add 198.51.100.130/25 dev to_hub")
        hub.sh("ip address add 198.51.100.129/25 dev to_host && ip link set to_host up")
        hub.sh("ip link add hub0 type wireguard 2>/dev/null || wireguard-go hub0")
        key, own = a_private_key("hub"), wireguard_public_key(a_private_key("me"))
        hub.sh(f"echo {key} | wg set hub0 listen-port 51820 private-key /dev/stdin peer {own} allowed-ips 10.9.0.2/32")
        hub.sh("ip address add 10.9.0.1/24 dev hub0 && ip link set hub0 up")
        peer = a_peer("hub", ["0.0.0.0/0", "::/0"], endpoint="198.51.100.129:51820", keepalive=25)
        try:
            began = time.monotonic()
            wired.host.apply(a_bundle(1, [peer], addresses=["10.9.0.2/24"], full_encapsulation=True))
            until(lambda: not wired.host.wg("latest-handshakes").endswith("\t0"))
            took_s = time.monotonic() - began
        finally:
            hub.sh("ip link delete hub0")

    assert took_s < 4.5


def test_the_next_boots_seal_is_kept_and_goes_with_full_encapsulation(wired: Wired) -> None:
    ready = wired.host.state / INTERFACE / f"{INTERFACE}_seal.nft"
    wired.host.apply(full())
    inside, kept = wired.host.inside, ready.read_text()
    table = inside.sh(f"nft list table inet {INTERFACE}_seal")
    inside.sh(f"nft flush ruleset; nft -f {ready}")
    loaded = inside.sh(f"nft list table inet {INTERFACE}_seal")
    ready.write_text("torn")

    wired.host.verify(full())
    healed = ready.read_text()
    wired.host.apply(full(is_full=False))

    assert (loaded, healed, ready.exists()) == (table, kept, False)


def test_a_wireguard_that_was_killed_is_marked_again_before_it_speaks(wired: Wired) -> None:
    wired.host.apply(full())
    os.kill(int((wired.host.state / "pid").read_text()), signal.SIGKILL)
    until(lambda: INTERFACE not in wired.host.inside.sh("ip link"))

    wired.host.verify(full())

    ran = [command.split()[:2] for command in wired.host.commands.ran if command.startswith("wg ")]
    assert ran.index(["wg", "set"]) < ran.index(["wg", "addconf"])
    assert wired.leaks() == []
