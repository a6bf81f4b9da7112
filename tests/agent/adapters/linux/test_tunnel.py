"""Real WireGuard in a namespace: what `apply` makes, and how little it does when little changes."""

import os
from pathlib import Path

import pytest

from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.wanted import desired, endpoints_asked
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.agent.tunnel_host import INTERFACE, Host

pytestmark = pytest.mark.root


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
