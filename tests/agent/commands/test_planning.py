"""What `plan` prints: every step in words, however many, and no secret."""

from dataclasses import replace
from ipaddress import ip_interface, ip_network

import msgspec
import pytest

from agent.commands.planning import LISTED, ShownPlan, shown, text
from agent.host.firewall.nftables import Table
from agent.host.planned import planned
from agent.host.results import PlannedChanges
from agent.host.tunnel.difference import NOTHING, Memory, difference
from agent.host.tunnel.live import ABSENT
from agent.host.tunnel.steps import (
    Configure,
    EnableForwarding,
    Firewall,
    Lay,
    LoadTable,
    Poke,
    RemovePeers,
    Step,
    ordered,
)
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key

INTERFACE = "wy00000001"
PSK = a_private_key("psk")


def a_plan(bundle: Bundle, *steps: Step, conflicts: tuple[str, ...] = ()) -> ShownPlan:
    return shown(INTERFACE, bundle, replace(planned(steps), conflicts=conflicts), "disk")


def a_fresh_host(bundle: Bundle, memory: Memory | None = None) -> ShownPlan:
    plan = difference(ABSENT, desired(bundle), a_public_key("me"), memory or Memory())
    firewall = Firewall(Table(INTERFACE, "", {}, {}), is_due=True, forwarding=EnableForwarding((), has_ipv6=False))
    return a_plan(bundle, *ordered(plan, firewall))


def test_nothing_to_do_is_said() -> None:
    assert text(a_plan(a_bundle(7))) == f"{INTERFACE}: the last good bundle, revision 7: nothing to do"


def test_a_fresh_host_reads_as_the_steps_in_their_order() -> None:
    hub = a_peer(
        "hub", ["10.9.0.1/32"], endpoint="vpn.example.com:51820", keepalive=25, preshared_key=a_private_key("p")
    )

    said = text(a_fresh_host(a_bundle(3, [hub], listen_port=41000)))

    assert said.splitlines() == [
        f"{INTERFACE}: the last good bundle, revision 3: 5 steps",
        f"  1. create the interface {INTERFACE}",
        f"  2. load the firewall table {INTERFACE}, in one transaction",
        "  3. let the kernel forward",
        "  4. configure 1 peer, set the private key, listen on port 41000",
        "     peer_hub (new), for 10.9.0.1/32, at vpn.example.com:51820, keepalive 25 s, preshared key",
        "  5. addresses and routes",
        "     address add 10.9.0.2/24",
        "     mtu 1420",
        "     link up",
    ]


@pytest.mark.parametrize("show", [text, msgspec.json.encode])
def test_no_secret_is_shown(show: object) -> None:
    plan = a_fresh_host(a_bundle(peers=[a_peer(preshared_key=PSK)]))

    assert PSK not in str(show(plan))  # type: ignore[operator]
    assert plan.steps[3].peers[0].has_preshared_key


def test_scripts_get_every_peer_and_people_the_first() -> None:
    keys = tuple(a_public_key(str(number)) for number in range(LISTED + 5))

    plan = a_plan(a_bundle(), RemovePeers(keys))

    assert len(plan.steps[0].peers) == LISTED + 5
    assert text(plan).splitlines()[-1].strip() == "and 5 more"


def test_every_kind_of_step_has_words() -> None:
    wanted = desired(a_bundle(peers=[a_peer("a", [])]))
    seen = Memory(learned={a_public_key("a"): "198.51.100.1:9"})
    (change,) = difference(ABSENT, wanted, a_public_key("me"), seen).changes
    laid = replace(
        NOTHING, old_addresses=(ip_interface("10.9.0.3/24"),), old_routes=(ip_network("172.20.0.0/16"),), mtu=None
    )
    steps = (Configure((change,)), LoadTable(None), EnableForwarding((), has_ipv6=True), Lay(laid), Poke(change))

    said = text(a_plan(a_bundle(peers=[a_peer("a", [])]), *steps, conflicts=("192.168.1.0/24 is mine",)))

    for words in (
        "for no address: standby, at 198.51.100.1:9, no preshared key",
        "delete the firewall table",
        "let the kernel forward",
        "address delete 10.9.0.3/24",
        "route delete 172.20.0.0/16",
        "speak first to peer_a",
        "left out: 192.168.1.0/24 is mine",
    ):
        assert words in said


def test_a_plan_says_where_the_tunnel_would_go_without_ipv6() -> None:
    plan = shown(INTERFACE, a_bundle(), PlannedChanges(lacks_ipv6="IPv6 is off"), "disk")

    assert text(plan).splitlines()[-1] == "no IPv6: IPv6 is off"
