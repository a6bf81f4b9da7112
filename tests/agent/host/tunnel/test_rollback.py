"""A rollback restores the way to the control plane and never widens access: properties and both sides of each rule."""

from collections.abc import Collection
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host.prefixes import Prefix
from agent.host.tunnel.rollback import restored
from agent.host.tunnel.wanted import WantedTunnel, desired
from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key, a_public_key

PLANE = ip_address("203.0.113.1")


def in_force(bundle: Bundle) -> WantedTunnel:
    return desired(bundle)


def ways(bundle: WantedTunnel) -> set[Prefix]:
    return {*bundle.routes, *(address.network for address in bundle.addresses)}


def has(prefixes: Collection[Prefix], address: object) -> bool:
    return any(address in prefix for prefix in prefixes)


# A small space, in which prefixes nest and meet often: 10.0.0.0/28 and what lies in it.
NESTED = [str(part) for length in range(28, 33) for part in IPv4Network("10.0.0.0/28").subnets(new_prefix=length)]
POINTS = [IPv4Address("10.0.0.0") + offset for offset in range(16)]
ENDPOINTS = [None, "203.0.113.7:1", "203.0.113.8:2"]
SECRETS = [None, a_private_key("old"), a_private_key("new")]


@st.composite
def bundles(draw: st.DrawFn) -> WantedTunnel:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    prefixes = draw(st.lists(st.sampled_from(NESTED), unique=True, max_size=8)) if names else []
    owners = [draw(st.sampled_from(names)) for _ in prefixes]
    peers = [
        a_peer(
            name,
            [prefix for prefix, owner in zip(prefixes, owners, strict=True) if owner == name],
            endpoint=draw(st.sampled_from(ENDPOINTS)),
            preshared_key=draw(st.sampled_from(SECRETS)),
        )
        for name in names
    ]
    addresses = draw(st.lists(st.sampled_from(["10.0.0.1/32", "10.0.0.2/30", "10.0.0.9/29"]), unique=True, max_size=2))
    return desired(a_bundle(peers=peers, addresses=addresses, forward=draw(st.booleans())))


@given(good=st.none() | bundles(), new=bundles())
def test_nobody_can_do_more_than_under_the_new_bundle(good: WantedTunnel | None, new: WantedTunnel) -> None:
    made = restored(good, new)

    assert made.sections.keys() == new.sections.keys()
    for key, section in made.sections.items():
        assert section.preshared_key == new.sections[key].preshared_key
        assert all(has(new.sections[key].allowed_ips, point) for point in POINTS if has(section.allowed_ips, point))
    assert replace(made, addresses=new.addresses, sections=new.sections, routes=new.routes) == new


@given(good=st.none() | bundles(), new=bundles())
def test_nothing_goes_into_the_tunnel_that_did_not_before(good: WantedTunnel | None, new: WantedTunnel) -> None:
    made = restored(good, new)

    before = ways(good) if good is not None else set()
    assert [point for point in POINTS if has(ways(made), point) and not has(before, point)] == []


@given(good=st.none() | bundles(), new=bundles())
def test_what_went_into_the_tunnel_and_still_may_stays_with_its_peer(
    good: WantedTunnel | None, new: WantedTunnel
) -> None:
    made = restored(good, new)

    before = ways(good) if good is not None else set()
    for point in POINTS:
        if has(before, point):
            assert owner(made, point) == owner(new, point)


@given(good=st.none() | bundles(), new=bundles())
def test_a_rollback_of_a_rollback_is_the_same_and_converges_in_wireguard(
    good: WantedTunnel | None, new: WantedTunnel
) -> None:
    made = restored(good, new)

    prefixes = [prefix for section in made.sections.values() for prefix in section.allowed_ips]
    assert restored(good, made) == made
    assert len(prefixes) == len(set(prefixes))
    assert made.routes <= set(prefixes)


@given(bundles())
def test_the_same_bundle_again_has_nothing_to_restore(bundle: WantedTunnel) -> None:
    assert restored(bundle, bundle) == bundle


@given(good=bundles(), new=bundles())
def test_a_block_has_nothing_to_restore(good: WantedTunnel, new: WantedTunnel) -> None:
    blocked = replace(new, is_blocked=True)

    assert restored(good, blocked) == blocked


@given(good=bundles(), taken=st.sets(st.sampled_from("abcd")))
def test_a_bundle_that_only_takes_peers_away_has_nothing_to_restore(good: WantedTunnel, taken: set[str]) -> None:
    gone = {a_public_key(name) for name in taken}
    sections = {key: section for key, section in good.sections.items() if key not in gone}
    kept = {prefix for section in sections.values() for prefix in section.allowed_ips}
    new = replace(good, sections=sections, routes=frozenset(good.routes & kept))

    assert restored(good, new) == new


def owner(bundle: WantedTunnel, point: object) -> str | None:
    """The peer to which WireGuard sends an address: that of the longest prefix."""
    around = [
        (prefix.prefixlen, key)
        for key, section in bundle.sections.items()
        for prefix in section.allowed_ips
        if point in prefix
    ]
    return max(around)[1] if around else None


def test_a_route_that_swallows_the_control_plane_goes_out_of_the_tunnel_again() -> None:
    good = in_force(a_bundle(1, [a_peer("hub", ["10.9.0.0/24"])]))
    new = in_force(a_bundle(2, [a_peer("hub", ["10.9.0.0/24", "203.0.113.0/24"])]))

    assert restored(good, new) == good


def test_an_address_whose_network_swallows_the_control_plane_is_the_old_one_again() -> None:
    good = in_force(a_bundle(1, [a_peer("hub", ["10.9.0.0/24"])], addresses=["10.9.0.2/24"]))
    new = in_force(a_bundle(2, [a_peer("hub", ["203.0.113.0/24"])], addresses=["203.0.113.2/24"]))

    made = restored(good, new)

    assert made.addresses == good.addresses
    assert not has(ways(made), PLANE)


def test_an_endpoint_that_moved_is_the_old_one_again() -> None:
    good = in_force(a_bundle(1, [a_peer("hub", ["203.0.113.0/24"], endpoint="198.51.100.1:1")]))
    new = in_force(a_bundle(2, [a_peer("hub", ["203.0.113.0/24"], endpoint="198.51.100.2:1")]))

    assert restored(good, new) == good


def test_the_first_bundle_of_all_keeps_its_peers_and_loses_its_routes() -> None:
    new = in_force(a_bundle(1, [a_peer("hub", ["10.9.0.0/24", "203.0.113.0/24"])]))

    made = restored(None, new)

    assert (made.addresses, made.routes) == (frozenset(), frozenset())
    assert made.sections.keys() == new.sections.keys()


@pytest.mark.parametrize(
    ("prefix", "is_on_trial"),
    [("10.9.0.9/32", False), ("172.20.0.0/16", False), ("172.20.5.0/24", False), ("172.21.0.0/16", True)],
)
def test_a_new_peer_is_on_trial_only_where_it_brings_a_new_way_into_the_tunnel(prefix: str, is_on_trial: bool) -> None:
    hub = a_peer("hub", ["10.9.0.1/32", "172.20.0.0/16"])
    site = a_peer("site", [prefix])
    taken = a_peer("hub", ["10.9.0.1/32"]) if prefix == "172.20.0.0/16" else hub
    good, new = in_force(a_bundle(1, [hub])), in_force(a_bundle(2, [taken, site]))

    assert (restored(good, new) != new) == is_on_trial


def test_a_removed_peer_an_old_key_and_an_old_psk_do_not_come_back() -> None:
    old, new_psk = a_private_key("psk1"), a_private_key("psk2")
    good = in_force(
        a_bundle(1, [a_peer("removed", ["10.9.0.3/32"]), a_peer("key1", ["10.9.0.4/32"], preshared_key=old)])
    )
    new = in_force(a_bundle(2, [a_peer("key2", ["10.9.0.4/32", "203.0.113.0/24"], preshared_key=new_psk)]))

    (section,) = restored(good, new).sections.values()

    assert (section.public_key, section.preshared_key) == (a_public_key("key2"), new_psk)
    assert list(map(str, section.allowed_ips)) == ["10.9.0.4/32"]


def test_a_home_that_moved_in_the_same_bundle_stays_moved() -> None:
    good = in_force(a_bundle(1, [a_peer("first", ["10.9.0.0/24"]), a_peer("second", [])]))
    new = in_force(a_bundle(2, [a_peer("first", []), a_peer("second", ["10.9.0.0/24", "203.0.113.0/24"])]))

    made = restored(good, new)

    assert list(map(str, made.sections[a_public_key("second")].allowed_ips)) == ["10.9.0.0/24"]
    assert made.sections[a_public_key("first")].allowed_ips == frozenset()
