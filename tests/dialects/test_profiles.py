"""Whatever a tunnel is, the file rendered of it is taken by all five clients, and says to `wg` what the tunnel says."""

import base64
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.cidr import Address, Cidr, joined
from chalicelib.domain.ids import PeerId
from chalicelib.domain.tunnel.portable_profile import portable_profile
from chalicelib.domain.tunnel.sections import Pair, Section, Tunnel
from tests.dialects.real_tools import RESOLVED, PeerView, ShownPeer, canonical_endpoint, strip, wg_parses
from tests.dialects.validator import refusals

NAME = "wg0"
FEW = 8
MANY = 300
PRIVATE_V4 = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
PRIVATE_V6 = "fd00::/8"
MTU = (576, 65535)  # WireGuard for Windows takes no less


def a_section(
    *,
    public_key: str,
    preshared_key: str | None = None,
    endpoint: str | None = None,
    allowed_ips: tuple[Cidr, ...] = (),
    keepalive_s: int = 0,
) -> Section:
    return Section(
        peer_id=PeerId("jmp_01"),
        pair=Pair(public_key, preshared_key),
        endpoint=endpoint,
        allowed_ips=allowed_ips,
        keepalive_s=keepalive_s,
    )


def a_tunnel(
    *,
    addresses: tuple[tuple[Address, int], ...],
    listen_port: int | None = None,
    mtu: int = 1420,
    dns: tuple[str, ...] = (),
    sections: tuple[Section, ...] = (),
) -> Tunnel:
    """`addresses`: each with the length of its network's prefix."""
    return Tunnel(
        addresses=tuple(address for address, _ in addresses),
        prefixes=tuple(f"{address}/{length}" for address, length in addresses),
        listen_port=listen_port,
        mtu=mtu,
        sections=sections,
        dns=dns,
    )


def keys() -> st.SearchStrategy[str]:
    return st.binary(min_size=32, max_size=32).filter(any).map(lambda raw: base64.b64encode(raw).decode())


def private_keys() -> st.SearchStrategy[str]:
    """Clamped, as `wg genkey` makes them: wireguard-go clamps any other (RFC 7748, section 5)."""

    def clamped(raw: bytes) -> str:
        return base64.b64encode(bytes([raw[0] & 248, *raw[1:31], (raw[31] & 127) | 64])).decode()

    return st.binary(min_size=32, max_size=32).map(clamped)


def labels(first: str) -> st.SearchStrategy[str]:
    return st.from_regex(rf"[{first}]([a-z0-9-]{{0,61}}[a-z])?", fullmatch=True)


def host_names() -> st.SearchStrategy[str]:
    """The last label begins with a letter, as Android wants it (java.net.URI, RFC 2396 section 3.2.2)."""
    names = st.tuples(st.lists(labels("a-z0-9"), max_size=3), labels("a-z"))
    return names.map(lambda parts: ".".join([*parts[0], parts[1]]))


def ports() -> st.SearchStrategy[int]:
    return st.integers(1, 65535)


def endpoints() -> st.SearchStrategy[str]:
    v6 = st.ip_addresses(v=6).map(lambda address: f"[{address}]")
    hosts = st.one_of(host_names(), st.ip_addresses(v=4).map(str), v6)
    return st.builds(lambda host, port: f"{host}:{port}", hosts, ports())


def cidrs() -> st.SearchStrategy[Cidr]:
    v4 = st.tuples(st.ip_addresses(v=4), st.integers(0, 32))
    v6 = st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
    return st.one_of(v4, v6).map(lambda pair: ip_network(f"{pair[0]}/{pair[1]}", strict=False))


def own_addresses() -> st.SearchStrategy[tuple[tuple[Address, int], ...]]:
    """An IPv4 address, and perhaps one of IPv6."""
    v4 = st.tuples(st.sampled_from(PRIVATE_V4).flatmap(lambda cidr: st.ip_addresses(network=cidr)), st.integers(8, 30))
    v6 = st.tuples(st.ip_addresses(network=PRIVATE_V6), st.integers(48, 126))
    return st.one_of(st.tuples(v4), st.tuples(v4, v6))


def dns() -> st.SearchStrategy[tuple[str, ...]]:
    servers = st.lists(st.ip_addresses().map(str), min_size=1, max_size=3)
    domains = st.lists(host_names(), max_size=1)
    return st.one_of(st.just(()), st.builds(lambda some, of: (*some, *of), servers, domains))


@st.composite
def tunnels(draw: st.DrawFn, most: int = FEW) -> Tunnel:
    """A tunnel in which no key and no prefix stands twice, each peer with up to `most` prefixes."""
    free = draw(st.lists(cidrs(), max_size=most, unique=True))
    free += [ip_network(f"10.{n >> 8}.{n & 255}.0/24") for n in range(draw(st.integers(0, most)))]
    free = list(dict.fromkeys(free))
    public_keys = draw(st.lists(keys(), max_size=3, unique=True))
    bounds = sorted(draw(st.tuples(*[st.integers(0, len(free))] * len(public_keys))))
    sections = tuple(
        a_section(
            public_key=public_key,
            preshared_key=draw(st.none() | keys()),
            endpoint=draw(st.none() | endpoints()),
            allowed_ips=tuple(free[start:end]),
            keepalive_s=draw(st.just(0) | st.integers(1, 65535)),
        )
        for public_key, start, end in zip(public_keys, [0, *bounds], bounds, strict=False)
    )
    return a_tunnel(
        addresses=draw(own_addresses()),
        listen_port=draw(st.none() | ports()),
        mtu=draw(st.integers(*MTU)),
        dns=draw(dns()),
        sections=sections,
    )


def resolved(endpoint: str) -> str:
    """What `wg` makes of an endpoint."""
    host, _, port = endpoint.rpartition(":")
    try:
        return canonical_endpoint(str(ip_address(host.strip("[]"))), port)
    except ValueError:
        return canonical_endpoint(RESOLVED, port)


def understood(tunnel: Tunnel, private_key: str, listen_port: int) -> PeerView:
    """What `wg` has to say of a tunnel."""
    is_alone = sum(bool(section.allowed_ips) for section in tunnel.sections) == 1
    return PeerView(
        private_key=private_key,
        listen_port=tunnel.listen_port or listen_port,
        peers=tuple(
            ShownPeer(
                public_key=section.public_key,
                preshared_key=section.preshared_key,
                endpoint=None if section.endpoint is None else resolved(section.endpoint),
                allowed_ips=frozenset(map(str, joined(section.allowed_ips) if is_alone else section.allowed_ips)),
                keepalive_s=section.keepalive_s,
            )
            for section in tunnel.sections
        ),
    )


@settings(deadline=None)
@given(tunnels(), private_keys())
def test_every_profile_is_taken_by_all_five_clients(tunnel: Tunnel, private_key: str) -> None:
    assert refusals(portable_profile(tunnel, private_key), NAME) == {}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tunnels(MANY), private_keys())
def test_a_profile_with_long_lists_is_taken_by_all_five_clients(tunnel: Tunnel, private_key: str) -> None:
    assert refusals(portable_profile(tunnel, private_key), NAME) == {}


@settings(deadline=None)
@given(tunnels())
def test_a_profile_without_its_private_key_lacks_only_that(tunnel: Tunnel) -> None:
    found = refusals(portable_profile(tunnel, private_key=None), NAME)

    assert found == dict.fromkeys(("windows", "android", "macos", "ios"), "[Interface] has no PrivateKey")


def test_an_address_of_every_kind_and_a_standby_are_taken() -> None:
    public_key = base64.b64encode(bytes(range(32))).decode()
    standby = a_section(public_key=public_key)
    own = ((ip_address("10.0.0.1"), 8), (ip_address("fd00::1"), 64))
    profile = portable_profile(a_tunnel(addresses=own, sections=(standby,)), public_key)

    assert refusals(profile, NAME) == {}
    assert "AllowedIPs" not in profile


@pytest.mark.root
@settings(deadline=None)
@given(tunnels(), private_keys())
def test_the_real_tools_understand_every_profile_as_it_is_meant(tunnel: Tunnel, private_key: str) -> None:
    shown = wg_parses(strip(portable_profile(tunnel, private_key), NAME))

    meant = understood(tunnel, private_key, shown.listen_port)
    assert (shown.private_key, shown.listen_port) == (meant.private_key, meant.listen_port)
    assert {peer.public_key: peer for peer in shown.peers} == {peer.public_key: peer for peer in meant.peers}
