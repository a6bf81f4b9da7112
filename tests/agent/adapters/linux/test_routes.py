"""The host's own routes, gateways and resolvers beside a tunnel, in a real kernel."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.routes import IpRoute
from agent.adapters.linux.seal_keeping import SealKeeping
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.tunnel.difference import NOTHING, Plan
from agent.host.tunnel.wanted import Address
from tests.agent import hosts
from tests.agent.adapters.linux.routed import left_out, route, routing
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key
from tests.agent.namespace import Namespace
from tests.agent.tunnel_host import INTERFACE, Host

pytestmark = pytest.mark.root


@pytest.mark.parametrize(
    "own",
    [
        "10.50.0.0/16 via 192.168.1.254 dev lan0 proto static",
        "10.50.0.0/16 via 192.168.1.254 dev lan0 proto static metric 100",
        "10.50.0.0/16 dev lan0 scope link",
        "unreachable 10.50.0.0/16",
    ],
)
def test_a_route_of_the_hosts_to_a_prefix_of_the_tunnel_stays_and_outlives_it(host: Host, own: str) -> None:
    hosts.on_a_lan(host.inside)
    host.inside.sh(f"ip route add {own}")
    bundle = routing("10.50.0.0/16", "10.51.0.0/16")

    made, again = host.apply(bundle), host.verify(bundle)
    beside = (route(host, "10.50.0.0/16"), INTERFACE in route(host, "10.51.0.0/16"))
    host.inside.do(host.tunnel.remove)

    assert (left_out(made), left_out(again), again.is_changed) == (["10.50.0.0/16"], ["10.50.0.0/16"], False)
    assert beside == (own, True)
    assert (route(host, "10.50.0.0/16"), route(host, "10.51.0.0/16")) == (own, "")


def test_an_ipv6_route_of_the_hosts_stays_as_well(host: Host) -> None:
    host.inside.sh("ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link set lan1 up")
    host.inside.sh("ip -6 route add fd50::/48 dev lan0 metric 50")
    bundle = routing("fd50::/48", "fd51::/48", address="fd00:9::2/64")

    made = host.apply(bundle)

    assert left_out(made) == ["fd50::/48"]
    shown = host.inside.sh("ip -6 route show")
    assert ("fd50::/48 dev lan0" in shown, f"fd51::/48 dev {INTERFACE}" in shown) == (True, True)


@pytest.mark.parametrize("metric", ["", " metric 50"])
def test_a_route_that_came_since_the_last_look_stays(host: Host, metric: str) -> None:
    hosts.on_a_lan(host.inside)
    host.apply(routing("10.51.0.0/16"))
    host.inside.sh(f"ip route add 10.50.0.0/16 via 192.168.1.254{metric}")

    made = host.apply(routing("10.50.0.0/16", "10.52.0.0/16", revision=2))

    assert left_out(made) == ["10.50.0.0/16"]
    assert route(host, "10.50.0.0/16") == f"10.50.0.0/16 via 192.168.1.254 dev lan0{metric}"
    assert (route(host, "10.51.0.0/16"), INTERFACE in route(host, "10.52.0.0/16")) == ("", True)


def test_a_route_that_comes_at_the_moment_of_ones_own_is_not_replaced(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.on_a_lan(host.inside)
    carry_out = IpRoute.carry_out

    def after_another(self: IpRoute, plan: Plan, kept: Collection[Address]) -> None:
        monkeypatch.setattr(IpRoute, "carry_out", carry_out)
        Commands().run("ip", "route", "add", "10.50.0.0/16", "via", "192.168.1.254")
        carry_out(self, plan, kept)

    host.apply(routing("10.51.0.0/16"))
    monkeypatch.setattr(IpRoute, "carry_out", after_another)
    made = host.apply(routing("10.50.0.0/16", "10.52.0.0/16", revision=2))

    assert left_out(made) == ["10.50.0.0/16"]
    assert route(host, "10.50.0.0/16") == "10.50.0.0/16 via 192.168.1.254 dev lan0"
    assert INTERFACE in route(host, "10.52.0.0/16")


def test_a_line_that_the_kernel_refuses_is_told_with_why(host: Host) -> None:
    host.apply(routing("10.51.0.0/16"))
    host.inside.sh("ip link delete " + INTERFACE)
    plan = replace(NOTHING, new_routes=(ip_network("10.52.0.0/16"),))

    with pytest.raises(ToolFailed, match=rf"Cannot find device … \(route add 10.52.0.0/16 dev {INTERFACE} proto 87\)$"):
        host.inside.do(lambda: IpRoute(host.commands, INTERFACE).carry_out(plan, kept=()))


def test_a_route_that_the_host_lays_later_is_given_way_and_taken_up_when_it_goes(host: Host) -> None:
    hosts.on_a_lan(host.inside)
    bundle = routing("10.50.0.0/16")
    host.apply(bundle)
    host.inside.sh("ip route add 10.50.0.0/16 via 192.168.1.254 metric 100")

    given = host.verify(bundle)
    shown = route(host, "10.50.0.0/16")
    host.inside.sh("ip route delete 10.50.0.0/16 via 192.168.1.254 metric 100")
    back = host.verify(bundle)

    assert (left_out(given), INTERFACE in shown) == (["10.50.0.0/16"], False)
    assert (back.conflicts, INTERFACE in route(host, "10.50.0.0/16")) == ((), True)


@pytest.mark.parametrize("is_by_dhcp", [True, False])
def test_a_prefix_around_a_gateway_on_the_link_goes_in(host: Host, is_by_dhcp: bool) -> None:
    hosts.in_a_cloud(host.inside, is_by_dhcp)
    bundle = routing("172.31.0.0/16")

    made = host.apply(bundle)

    assert made.conflicts == ()
    assert INTERFACE in route(host, "172.31.0.0/16")
    assert "via 172.31.1.1 dev lan0" in host.inside.sh("ip route get 203.0.113.1")
    assert ("dev lan0" in host.inside.sh("ip route get 172.31.1.1")) == is_by_dhcp


def test_the_tunnels_network_goes_into_a_lan_as_large_as_all_of_ten(host: Host) -> None:
    hosts.on_a_lan(host.inside, "10.0.0.50/8", "10.0.0.1")
    bundle = routing("10.199.7.1/32", "10.77.0.0/16", "10.0.0.0/24", address="10.199.7.5/24")

    made = host.apply(bundle)

    assert left_out(made) == ["10.0.0.0/24"]
    ways = {address: host.inside.sh(f"ip route get {address}") for address in ("10.199.7.9", "10.77.0.1", "10.0.0.9")}
    assert [f"dev {INTERFACE}" in way for way in ways.values()] == [True, True, False]


@pytest.mark.parametrize(
    "behind", [None, "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf"]
)
def test_a_resolver_is_never_led_into_the_tunnel(host: Host, behind: str | None) -> None:
    hosts.on_a_lan(host.inside)
    hosts.asking(host.inside, "10.0.0.53", behind=behind)
    bundle = routing("10.0.0.0/8", address="10.9.0.2/24")

    made = host.apply(bundle)
    before = host.inside.sh("ip route get 10.0.0.53")
    host.inside.sh("ip route add 10.0.0.53 via 192.168.1.1")
    after = host.verify(bundle)

    assert (left_out(made), "dev lan0" in before) == (["10.0.0.0/8"], True)
    assert "resolver 10.0.0.53" in made.conflicts[0]
    assert (after.conflicts, "dev lan0" in host.inside.sh("ip route get 10.0.0.53")) == ((), True)
    assert INTERFACE in host.inside.sh("ip route get 10.1.2.3")


def test_a_hub_whose_name_lies_behind_it_is_not_led_into_its_own_tunnel(host: Host) -> None:
    hosts.on_a_lan(host.inside)
    hosts.knowing(host.inside, "hub.example", "172.31.4.5")
    bundle = routing("172.31.0.0/16", "10.77.0.0/16", endpoint="hub.example:51820")

    made, again = host.apply(bundle), host.verify(bundle)
    kept = host.inside.sh("ip route get 172.31.4.5")
    hosts.knowing(host.inside, "hub.example", "203.0.113.1")
    host.inside.sh(f"wg set {INTERFACE} peer {bundle.peers[0].public_key} endpoint 203.0.113.1:51820")
    moved = host.verify(bundle)

    assert (left_out(made), left_out(again), again.is_changed) == (["172.31.0.0/16"], ["172.31.0.0/16"], False)
    assert "dev lan0" in kept
    assert (moved.conflicts, INTERFACE in host.inside.sh("ip route get 172.31.4.5")) == ((), True)


@pytest.fixture
def world(host: Host, tmp_path: Path) -> Iterator[Namespace]:
    """Beyond the host's gateway, with a hub at 172.31.4.5 that a name leads to, and that trusts the host."""
    with Namespace() as made:
        thread = made.do(lambda: Path("/proc/thread-self").readlink().name)
        host.inside.sh(f"ip link add lan0 type veth peer name eth0 netns {thread}")
        host.inside.sh("ip address add 192.168.1.10/24 dev lan0 && ip link set lan0 up")
        made.sh("ip address add 192.168.1.1/24 dev eth0 && ip link set eth0 up && ip address add 172.31.4.5/32 dev lo")
        host.inside.sh("ip route add default via 192.168.1.1")
        hosts.knowing(host.inside, "hub.example", "172.31.4.5")
        (tmp_path / "hub.key").write_text(a_private_key("hub"))
        made.sh("ip link add hub0 type wireguard 2>/dev/null || wireguard-go hub0")
        made.sh(f"wg set hub0 listen-port 51820 private-key {tmp_path}/hub.key")
        made.sh(f"wg set hub0 peer {a_public_key('me')} allowed-ips 10.9.0.2/32")
        made.sh("ip address add 10.9.0.1/24 dev hub0 && ip link set hub0 up && ip address add 172.31.9.9/32 dev hub0")
        yield made
        made.sh("ip link delete hub0")


@pytest.mark.parametrize("is_full", [False, True])
def test_a_tunnel_to_a_hub_that_lies_behind_itself_carries_packets(host: Host, world: Namespace, is_full: bool) -> None:
    host.tunnel.seal = SealKeeping(Encapsulation(host.commands, INTERFACE))
    prefixes = ["10.9.0.1/32", "172.31.0.0/16", *(["0.0.0.0/0", "::/0"] if is_full else [])]
    hub = a_peer("hub", prefixes, endpoint="hub.example:51820", keepalive=25)

    made = host.apply(a_bundle(peers=[hub], full_encapsulation=is_full))

    host.inside.sh("for n in $(seq 10); do ping -n -c 1 -W 1 10.9.0.1 && exit 0; done; exit 1")
    assert left_out(made) == ([] if is_full else ["172.31.0.0/16"])
    assert "dev lan0" in host.inside.sh("ip route get 172.31.4.5 mark 0x5759")
    assert (f"dev {INTERFACE}" in host.inside.sh("ip route get 172.31.9.9")) == is_full
    assert world.sh("wg show hub0 endpoints").split()[-1].startswith("192.168.1.10:")


def test_routes_are_known_where_the_host_has_names_for_protocols(host: Host) -> None:
    host.inside.sh("mount -t tmpfs none /etc/iproute2 && printf '2 core\\n87 wirety\\n' > /etc/iproute2/rt_protos")
    hosts.on_a_lan(host.inside)
    bundle = routing("10.50.0.0/16", "192.168.1.0/24")

    made, again = host.apply(bundle), host.verify(bundle)
    found = host.inside.do(lambda: IpRoute(host.commands, INTERFACE).routes())

    assert (left_out(made), again.is_changed) == (["192.168.1.0/24"], False)
    assert [str(prefix) for prefix in found.host.subnets] == ["192.168.1.0/24"]


def test_a_route_over_several_gateways_keeps_them_all(host: Host) -> None:
    hosts.on_a_lan(host.inside)
    host.inside.sh("ip route replace default nexthop via 192.168.1.1 nexthop via 192.168.1.129")

    found = host.inside.do(lambda: IpRoute(host.commands, INTERFACE).routes()).host

    assert sorted(map(str, found.gateways)) == ["192.168.1.1", "192.168.1.129"]
    assert left_out(host.apply(routing("192.168.1.128/25", "192.168.1.64/26"))) == ["192.168.1.128/25"]
