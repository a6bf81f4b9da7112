"""Real WireGuard that others harm: what the next look finds, heals, and keeps."""

import os
import signal
import time
from dataclasses import replace

import pytest

from agent.host.tunnel.difference import Memory
from agent.host.tunnel.wanted import endpoints_asked
from tests.agent.builders import a_bundle, a_peer, a_public_key
from tests.agent.tunnel_host import INTERFACE, Host

pytestmark = pytest.mark.root


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
