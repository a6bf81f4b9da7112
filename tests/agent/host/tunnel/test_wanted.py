"""What a bundle asks for, and the bundles that are refused."""

from ipaddress import ip_network

import pytest

from agent.errors import BundleRefused
from agent.host.tunnel.wanted import Endpoint, Parser, desired, endpoints_asked, parse_endpoint
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key


def test_routes_are_the_allowed_ips_that_the_interface_does_not_cover() -> None:
    peer = a_peer("hub", ["10.9.0.1/32", "10.9.0.0/24", "172.20.0.0/16", "fd00:9::/64", "fd01::/64"])

    wanted = desired(a_bundle(peers=[peer], addresses=["10.9.0.2/24", "fd00:9::2/64"]))

    assert wanted.routes == {ip_network("172.20.0.0/16"), ip_network("fd01::/64")}


def test_a_wider_prefix_than_the_network_is_a_route() -> None:
    assert desired(a_bundle(peers=[a_peer(allowed_ips=["10.0.0.0/8"])])).routes == {ip_network("10.0.0.0/8")}


@pytest.mark.parametrize(
    "bundle",
    [
        a_bundle(peers=[a_peer("a", ["10.9.0.3/32"]), a_peer("b", ["10.9.0.3/32"])]),
        a_bundle(peers=[a_peer("a", ["10.9.0.3/32", "10.9.0.3/32"])]),
        a_bundle(peers=[a_peer("a", ["10.9.0.3/32"]), a_peer("a", ["10.9.0.4/32"])]),
        a_bundle(peers=[a_peer("a", ["10.9.0.1/24"])]),
        a_bundle(peers=[a_peer("a", ["10.9.0.3/32\nEndpoint = evil:1"])]),
        a_bundle(peers=[a_peer("a", endpoint="host:0")]),
        a_bundle(peers=[a_peer("a", endpoint="host\nPublicKey = x:1")]),
        a_bundle(peers=[a_peer("a", keepalive=65536)]),
        a_bundle(peers=[a_peer("a", preshared_key="short")]),
        a_bundle(addresses=["10.9.0.300/24"]),
        a_bundle(listen_port=65536),
        a_bundle(mtu=500),
    ],
)
def test_a_bundle_that_would_not_hold_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleRefused):
        desired(bundle)


def test_a_refusal_names_no_preshared_key() -> None:
    with pytest.raises(BundleRefused) as refused:
        desired(a_bundle(peers=[a_peer("a", preshared_key=a_private_key("psk")[:-2])]))

    assert a_private_key("psk")[:20] not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("203.0.113.1:51820", Endpoint("203.0.113.1", 51820)),
        ("[2001:db8::1]:1", Endpoint("2001:db8::1", 1)),
        ("vpn.example.com:65535", Endpoint("vpn.example.com", 65535)),
    ],
)
def test_an_endpoint_is_a_host_with_a_port(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert str(endpoint) == text


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "host:", "host:65536", "2001:db8::1:1", "[host]:1", "a b:1", "host:1\u0661"]
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_endpoint(text)


def test_the_endpoints_asked_for_are_known_by_key() -> None:
    bundle = a_bundle(peers=[a_peer("a", endpoint="203.0.113.1:1"), a_peer("b"), a_peer("c", endpoint="broken")])

    assert endpoints_asked(bundle) == {a_public_key("a"): Endpoint("203.0.113.1", 1), a_public_key("b"): None}


def test_a_peer_that_stays_is_parsed_once_and_a_change_of_what_it_rests_on_parses_it_anew() -> None:
    parser, hub, site = Parser(), a_peer("hub", ["10.9.0.0/24", "10.8.0.0/24"]), a_peer("site", ["10.9.0.3/32"])
    before = parser.desired(a_bundle(peers=[hub, site], addresses=["10.9.0.2/24"]))

    later = parser.desired(a_bundle(peers=[hub, a_peer("site", ["10.9.0.4/32"])], addresses=["10.9.0.2/24"]))
    moved = parser.desired(a_bundle(peers=[hub, site], addresses=["10.8.0.2/24"]))

    assert later.sections[hub.public_key] is before.sections[hub.public_key]
    assert later.sections[site.public_key] != before.sections[site.public_key]
    assert later == desired(a_bundle(peers=[hub, a_peer("site", ["10.9.0.4/32"])], addresses=["10.9.0.2/24"]))
    assert (set(map(str, before.routes)), set(map(str, moved.routes))) == (
        {"10.8.0.0/24"},
        {"10.9.0.0/24", "10.9.0.3/32"},
    )
