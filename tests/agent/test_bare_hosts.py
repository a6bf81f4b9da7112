"""An agent on hosts that lack what others have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.seal_keeping import SealKeeping
from chalicelib.wire.bundle import Bundle, Exit, Firewall, Rule
from tests.agent import hosts
from tests.agent.builders import a_bundle, a_peer
from tests.agent.namespace import Namespace
from tests.agent.tunnel_host import INTERFACE, Host

pytestmark = pytest.mark.root

EVERYTHING = ["0.0.0.0/0", "::/0"]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with Namespace() as inside:
        made = Host(inside, tmp_path)
        made.tunnel.seal = SealKeeping(Encapsulation(made.commands, INTERFACE))
        yield made
        inside.do(made.tunnel.remove)


def a_rule(protocol: Any, *ports: tuple[int, int], action: Any = "allow") -> Rule:
    return Rule(source="tag:web", destination="tag:web", protocol=protocol, ports=list(ports), action=action)


EVERY_KIND_OF_RULE = Firewall(
    forward=True,
    sets={"tag:web": ["10.9.0.3/32"], "internet": ["10.9.0.4/32"]},
    exits=[Exit(cidr="192.168.77.0/24", masquerade=True)],
    rules=[
        *(a_rule(protocol, (80, 80), (8000, 8080)) for protocol in ("tcp", "udp")),
        *(a_rule(protocol, action=action) for protocol in ("tcp", "udp", "icmp", None) for action in ("allow", "deny")),
    ],
)


def test_a_jump_loads_its_policy_where_no_file_names_protocols(host: Host) -> None:
    hosts.without_names_of_protocols(host.inside)
    bundle = a_bundle(peers=[a_peer("a", ["10.9.0.3/32", "172.20.0.0/16"])], firewall=EVERY_KIND_OF_RULE)

    made = host.apply(bundle)

    assert made.is_changed
    assert f"table inet {INTERFACE}" in host.inside.sh("nft list tables")
    assert not host.verify(bundle).is_changed


def test_a_host_is_sealed_where_no_file_names_protocols(host: Host) -> None:
    hosts.without_names_of_protocols(host.inside)
    bundle = a_bundle(peers=[a_peer("hub", EVERYTHING)], full_encapsulation=True, resolvers=["10.9.0.1", "fd00:9::1"])

    made = host.apply(bundle)

    assert made.is_changed
    assert f"table inet {INTERFACE}_seal" in host.inside.sh("nft list tables")
    assert not host.verify(bundle).is_changed


def dual(revision: int = 1, mtu: int = 1420, forward: bool = False, **fields: Any) -> Bundle:
    """A network and a route of both families."""
    peer = a_peer("hub", ["10.9.0.1/32", "fd00:9::1/128", "172.20.0.0/16", "fd20::/48", *fields.pop("more", [])])
    return a_bundle(revision, [peer], addresses=["10.9.0.2/24", "fd00:9::2/64"], mtu=mtu, forward=forward, **fields)


def families(host: Host) -> tuple[bool, bool]:
    """Whether address and route of each family stand."""
    v4 = host.inside.sh(f"ip -4 address show dev {INTERFACE}; ip -4 route show dev {INTERFACE}")
    v6 = host.inside.sh(f"ip -6 address show dev {INTERFACE}; ip -6 route show dev {INTERFACE}")
    return "10.9.0.2/24" in v4 and "172.20.0.0/16" in v4, "fd00:9::2/64" in v6 and "fd20::/48" in v6


@pytest.mark.parametrize("forward", [False, True])
def test_a_host_with_ipv6_switched_off_has_the_tunnels_ipv4_and_says_so(host: Host, forward: bool) -> None:
    hosts.switch_ipv6(host.inside, False)

    made, again = host.apply(dual(forward=forward)), host.verify(dual(forward=forward))

    assert families(host) == (True, False)
    assert made.lacks_ipv6 is not None
    assert "net.ipv6.conf.default.disable_ipv6" in made.lacks_ipv6
    assert (again.is_changed, again.lacks_ipv6 is None) == (False, False)
    assert f"net.ipv6.conf.{INTERFACE}.disable_ipv6=0" in (again.lacks_ipv6 or "")
    assert "mtu 1420" in host.inside.sh(f"ip link show dev {INTERFACE} up")


def test_ipv6_that_is_switched_on_is_taken_up(host: Host) -> None:
    hosts.switch_ipv6(host.inside, False)
    host.apply(dual())
    hosts.switch_ipv6(host.inside, True)

    made, again = host.verify(dual()), host.verify(dual())

    assert families(host) == (True, True)
    assert (made.is_changed, made.lacks_ipv6, again.is_changed) == (True, None, False)


@pytest.mark.parametrize("names", [(), (INTERFACE,)])
@pytest.mark.parametrize("revision", [1, 2])
def test_ipv6_that_goes_away_later_costs_the_tunnel_no_ipv4(host: Host, names: tuple[str, ...], revision: int) -> None:
    host.apply(dual(forward=True))
    hosts.switch_ipv6(host.inside, False, *names)

    made = (
        host.verify(dual(forward=True)) if revision == 1 else host.apply(dual(2, forward=True, more=["172.21.0.0/16"]))
    )
    gone = families(host)
    hosts.switch_ipv6(host.inside, True, *names)
    back = host.verify(dual(2, forward=True, more=["172.21.0.0/16"]))

    assert (gone, made.lacks_ipv6 is None) == ((True, False), False)
    assert (families(host), back.lacks_ipv6) == ((True, True), None)


def test_a_kernel_without_ipv6_is_never_asked_for_it(host: Host) -> None:
    hosts.without_ipv6_in_the_kernel(host.inside)
    host.inside.sh("echo 0 > /proc/sys/net/ipv4/ip_forward")

    made, again = host.apply(dual(forward=True)), host.verify(dual(forward=True))

    assert "kernel has no IPv6" in (made.lacks_ipv6 or "")
    assert families(host) == (True, False)
    assert not again.is_changed
    assert not [command for command in host.commands.ran if " -6" in command]
    assert host.inside.sh(f"cat /proc/sys/net/ipv4/conf/{INTERFACE}/forwarding").strip() == "1"


def test_a_tunnel_too_small_for_ipv6_has_ipv4_alone_until_it_grows(host: Host) -> None:
    host.apply(dual())

    small = host.verify(dual(2, mtu=1200))
    shrunk, again = families(host), host.verify(dual(2, mtu=1200))
    grown = host.apply(dual(3, mtu=1280))

    assert ("1280" in (small.lacks_ipv6 or ""), shrunk, again.is_changed) == (True, (True, False), False)
    assert (families(host), grown.lacks_ipv6, host.verify(dual(3, mtu=1280)).is_changed) == ((True, True), None, False)


def test_a_network_without_ipv6_misses_nothing_where_it_is_off(host: Host) -> None:
    hosts.switch_ipv6(host.inside, False)

    assert host.apply(a_bundle()).lacks_ipv6 is None


IPV6_WAYS = "ip -6 route show table 22361 2>/dev/null || true"


@pytest.mark.parametrize("is_known", [True, False])
def test_full_encapsulation_takes_a_host_without_ipv6_and_lets_none_out_when_it_comes(
    host: Host, is_known: bool
) -> None:
    if is_known:
        hosts.switch_ipv6(host.inside, False)
    else:
        hosts.without_ipv6_in_the_kernel(host.inside)
    bundle = dual(more=EVERYTHING, full_encapsulation=True, resolvers=["10.9.0.1"])

    made, again = host.apply(bundle), host.verify(bundle)
    before, ways = host.inside.sh(IPV6_WAYS), host.inside.sh("ip route show table 22361")
    if is_known:
        hosts.switch_ipv6(host.inside, True)
        host.verify(bundle)
    after = host.inside.sh(IPV6_WAYS)
    host.inside.do(host.tunnel.remove)

    assert (made.lacks_ipv6 is None, again.is_changed) == (False, False)
    assert f"default dev {INTERFACE} proto kernel" in ways
    assert ("unreachable default" in before) == is_known  # what comes later finds no way beside the tunnel
    assert (f"default dev {INTERFACE}" in after) == is_known
    assert "22361" not in host.inside.sh("ip rule; ip -6 rule")


def test_full_encapsulation_whose_ipv6_goes_away_goes_on(host: Host) -> None:
    bundle = dual(more=EVERYTHING, full_encapsulation=True, resolvers=["10.9.0.1"])
    host.apply(bundle)
    hosts.switch_ipv6(host.inside, False, INTERFACE)

    made, again = host.verify(bundle), host.verify(bundle)

    assert (made.lacks_ipv6 is None, again.is_changed) == (False, False)
    assert "unreachable default" in host.inside.sh("ip -6 route show table 22361")
    assert f"default dev {INTERFACE}" in host.inside.sh("ip route show table 22361")
