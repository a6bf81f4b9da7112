"""By which ways a host reaches the control plane and its resolvers, asked of a real kernel."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from agent.adapters.control_plane.way_out import LinuxWayOut
from agent.adapters.linux import routes as iproute
from agent.adapters.linux.tools import Commands
from agent.ports import Way
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

PLANE, RESOLVER = "203.0.113.1", "198.51.100.53"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Namespace]:
    """Behind a gateway, by one wire."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(iproute, "RESOLVERS", (tmp_path / "resolv.conf", tmp_path / "behind"))
    (tmp_path / "resolv.conf").write_text(f"search example.com\nnameserver {RESOLVER}\n")
    with Namespace() as made:
        made.sh(
            "ip link add eth0 type veth peer name eth9 && ip address add 192.168.1.2/24 dev eth0 && ip link set eth0 up"
            " && ip link set eth9 up && ip route add default via 192.168.1.1"
        )
        yield made


def ways(
    host: Namespace, server: str = f"https://{PLANE}:8443", known: Mapping[str, Sequence[str]] | None = None
) -> frozenset[Way] | None:
    return host.do(LinuxWayOut(Commands(), server, lambda: known or {}).ways)


def by_the_lan(address: str) -> Way:
    return Way(address, "eth0", "192.168.1.1", "192.168.1.2")


def test_the_ways_are_the_routes_of_the_kernel(host: Namespace) -> None:
    assert ways(host) == frozenset({by_the_lan(PLANE), by_the_lan(RESOLVER)})


def test_a_named_control_plane_is_where_it_was_reached_last_and_an_address_out_of_reach_has_no_way(
    host: Namespace,
) -> None:
    found = ways(host, "https://vpn.example.com", {"vpn.example.com": [PLANE, "2001:db8::1"]})

    assert found == frozenset({by_the_lan(PLANE), by_the_lan(RESOLVER), Way("2001:db8::1", None, None, None)})


def test_a_route_beside_the_way_changes_nothing_and_one_over_it_does(host: Namespace) -> None:
    before = ways(host)
    host.sh("ip link add other0 type veth peer name other9 && ip link set other0 up && ip link set other9 up")
    host.sh("ip route add 10.0.0.0/8 dev other0")
    beside = ways(host)

    host.sh(f"ip route add {RESOLVER}/32 dev other0")

    assert beside == before
    assert ways(host) not in (before, None)


@pytest.mark.parametrize("swallowed", [PLANE, RESOLVER])
def test_a_way_into_a_tunnel_is_none_that_is_known(host: Namespace, swallowed: str) -> None:
    host.sh("ip tuntap add tun9 mode tun && ip link set tun9 up")
    assert ways(host) is not None

    host.sh(f"ip route add {swallowed}/32 dev tun9")

    assert ways(host) is None


@pytest.mark.parametrize(
    ("resolvers", "behind", "found"),
    [
        ("nameserver 127.0.0.53", f"nameserver {RESOLVER}", {PLANE, RESOLVER}),
        ("nameserver 127.0.0.1", "", None),
        ("", "", {PLANE}),
    ],
    ids=["and it says whom", "and it does not say whom", "there is none"],
)
def test_a_resolver_on_the_host_itself_counts_by_whom_it_asks(
    host: Namespace, tmp_path: Path, resolvers: str, behind: str, found: set[str] | None
) -> None:
    (tmp_path / "resolv.conf").write_text(resolvers)
    (tmp_path / "behind").write_text(behind)

    assert ways(host) == (None if found is None else frozenset(map(by_the_lan, found)))


def test_by_a_proxy_the_way_is_the_one_to_that(host: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://192.168.1.9:3128")

    assert ways(host) == frozenset({Way("192.168.1.9", "eth0", None, "192.168.1.2"), by_the_lan(RESOLVER)})


@pytest.mark.parametrize("proxy", ["", "socks5://192.168.1.9:1080"], ids=["a name", "an odd proxy"])
def test_at_a_name_never_reached_or_by_a_proxy_that_cannot_be_used_nothing_is_known(
    host: Namespace, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)

    assert ways(host, "https://vpn.example.com") is None
