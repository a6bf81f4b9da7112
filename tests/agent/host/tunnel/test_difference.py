"""The difference between host and bundle: enough, and no more than enough."""

from dataclasses import replace
from ipaddress import IPv4Network, ip_interface, ip_network

from hypothesis import given
from hypothesis import strategies as st

from agent.host.tunnel.difference import MOST_GONE, NOTHING, Memory, carried_out, difference
from agent.host.tunnel.live import HostTunnelState, LivePeer
from agent.host.tunnel.wanted import Endpoint, Section, WantedTunnel
from tests.agent.builders import a_private_key, a_public_key

OWN_KEY = a_public_key("me")
NAMES = ["a", "b", "c", "d"]
KEYS = [a_public_key(name) for name in NAMES]
POOL = [ip_network(f"10.9.0.{number}/32") for number in range(6)]
POOL += [IPv4Network("172.20.0.0/16"), IPv4Network("172.20.1.0/24")]  # the one within the other
ADDRESSES = [ip_interface(text) for text in ("10.9.0.2/24", "10.9.0.3/24", "fd00::2/64")]
ROUTES = [ip_network(text) for text in ("172.20.0.0/16", "172.21.0.0/16", "fd01::/64")]
ENDPOINTS = [Endpoint("203.0.113.1", 1), Endpoint("203.0.113.1", 2), Endpoint("2001:db8::1", 3)]
RESOLVED = {endpoint: str(endpoint) for endpoint in ENDPOINTS}
PSKS = [None, a_private_key("psk")]


@st.composite
def allowed_ips(draw: st.DrawFn) -> dict[str, frozenset[IPv4Network]]:
    """Prefixes shared out among the keys, none of them twice."""
    owners = draw(st.lists(st.sampled_from([*KEYS, None]), min_size=len(POOL), max_size=len(POOL)))
    shares = {key: frozenset(p for p, owner in zip(POOL, owners, strict=True) if owner == key) for key in KEYS}
    return {key: shares[key] for key in draw(st.sets(st.sampled_from(KEYS)))}  # type: ignore[misc]


@st.composite
def wanted(draw: st.DrawFn) -> WantedTunnel:
    sections = {
        key: Section(
            public_key=key,
            preshared_key=draw(st.sampled_from(PSKS)),
            allowed_ips=prefixes,
            endpoint=draw(st.sampled_from([None, *ENDPOINTS])),
            keepalive_s=draw(st.sampled_from([0, 25])),
        )
        for key, prefixes in draw(allowed_ips()).items()
    }
    return WantedTunnel(
        listen_port=draw(st.sampled_from([None, 51820, 51821])),
        mtu=draw(st.sampled_from([1280, 1420])),
        addresses=frozenset(draw(st.sets(st.sampled_from(ADDRESSES)))),
        sections=sections,
        routes=frozenset(draw(st.sets(st.sampled_from(ROUTES)))),
        is_forwarding=draw(st.booleans()),
    )


@st.composite
def hosts(draw: st.DrawFn) -> HostTunnelState:
    peers = {
        key: LivePeer(
            public_key=key,
            preshared_key=draw(st.sampled_from(PSKS)),
            allowed_ips=prefixes,
            endpoint=draw(st.sampled_from([None, "198.51.100.1:9", *RESOLVED.values()])),
            keepalive_s=draw(st.sampled_from([0, 25])),
        )
        for key, prefixes in draw(allowed_ips()).items()
    }
    return HostTunnelState(
        public_key=draw(st.sampled_from([None, OWN_KEY, a_public_key("former")])),
        listen_port=draw(st.sampled_from([40000, 51820])),
        mtu=draw(st.sampled_from([1280, 1420, 1500])),
        is_up=draw(st.booleans()),
        addresses=frozenset(draw(st.sets(st.sampled_from(ADDRESSES)))),
        peers=peers,
        routes=frozenset(draw(st.sets(st.sampled_from(ROUTES)))),
    )


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    asked = st.dictionaries(st.sampled_from(KEYS), st.sampled_from([None, *ENDPOINTS]))
    learned = st.dictionaries(st.sampled_from(KEYS), st.just("198.51.100.1:9"))
    return Memory(asked=draw(asked), learned=draw(learned))


@given(hosts(), wanted(), memories())
def test_the_difference_carried_out_gives_what_is_wanted(
    live: HostTunnelState, want: WantedTunnel, memory: Memory
) -> None:
    after = carried_out(live, difference(live, want, OWN_KEY, memory), OWN_KEY, RESOLVED)

    assert after.public_key == OWN_KEY
    assert after.is_up
    assert (after.mtu, after.addresses, after.routes) == (want.mtu, want.addresses, want.routes)
    assert want.listen_port in (None, after.listen_port)
    assert after.peers.keys() == want.sections.keys()
    for key, section in want.sections.items():
        peer = after.peers[key]
        assert (peer.preshared_key, peer.allowed_ips, peer.keepalive_s) == (
            section.preshared_key,
            section.allowed_ips,
            section.keepalive_s,
        )
        assert section.endpoint is None or peer.endpoint is not None


@given(hosts(), wanted(), memories())
def test_a_second_difference_is_empty(live: HostTunnelState, want: WantedTunnel, memory: Memory) -> None:
    after = carried_out(live, difference(live, want, OWN_KEY, memory), OWN_KEY, RESOLVED)
    remembered = replace(memory, asked={key: section.endpoint for key, section in want.sections.items()})

    assert difference(after, want, OWN_KEY, remembered) == NOTHING


@given(hosts(), wanted(), memories())
def test_a_cut_leaves_a_section_what_it_had_and_keeps(
    live: HostTunnelState, want: WantedTunnel, memory: Memory
) -> None:
    plan = difference(live, want, OWN_KEY, memory)

    had = {key: peer.allowed_ips for key, peer in live.peers.items()}
    losing = {key for key, section in want.sections.items() if key in had and not had[key] <= section.allowed_ips}
    assert {cut.section.public_key for cut in plan.cuts} == losing
    for cut in plan.cuts:
        key = cut.section.public_key
        assert cut.section.allowed_ips == had[key] & want.sections[key].allowed_ips


def a_section(name: str = "a", endpoint: Endpoint | None = None, keepalive_s: int = 0) -> Section:
    return Section(a_public_key(name), None, frozenset(), endpoint, keepalive_s)


def a_wish(*sections: Section) -> WantedTunnel:
    return WantedTunnel(
        None, 1420, frozenset(), {section.public_key: section for section in sections}, frozenset(), False
    )


def a_host(*peers: LivePeer) -> HostTunnelState:
    return HostTunnelState(
        OWN_KEY, 40000, 1420, True, frozenset(), {peer.public_key: peer for peer in peers}, frozenset()
    )


def a_live_peer(name: str = "a", endpoint: str | None = "198.51.100.1:9") -> LivePeer:
    return LivePeer(a_public_key(name), None, frozenset(), endpoint, 0)


def test_a_roamed_endpoint_is_left_alone() -> None:
    asked = Memory(asked={a_public_key("a"): ENDPOINTS[0]})

    assert difference(a_host(a_live_peer()), a_wish(a_section(endpoint=ENDPOINTS[0])), OWN_KEY, asked) == NOTHING


def test_another_change_of_a_roamed_peer_states_no_endpoint() -> None:
    asked = Memory(asked={a_public_key("a"): ENDPOINTS[0]})
    section = a_section(endpoint=ENDPOINTS[0], keepalive_s=25)

    (change,) = difference(a_host(a_live_peer()), a_wish(section), OWN_KEY, asked).changes

    assert change.endpoint is None


def test_a_new_desired_endpoint_is_stated() -> None:
    asked = Memory(asked={a_public_key("a"): ENDPOINTS[0]})

    (change,) = difference(a_host(a_live_peer()), a_wish(a_section(endpoint=ENDPOINTS[1])), OWN_KEY, asked).changes

    assert change.endpoint == ENDPOINTS[1]


def test_an_endpoint_that_did_not_resolve_is_tried_again() -> None:
    asked = Memory(asked={a_public_key("a"): ENDPOINTS[0]})
    host = a_host(a_live_peer(endpoint=None))

    (change,) = difference(host, a_wish(a_section(endpoint=ENDPOINTS[0])), OWN_KEY, asked).changes

    assert change.endpoint == ENDPOINTS[0]


def test_a_peer_made_anew_gets_back_where_it_was_last_seen() -> None:
    learned = Memory(learned={a_public_key("a"): "198.51.100.1:9"})

    (change,) = difference(a_host(), a_wish(a_section()), OWN_KEY, learned).changes

    assert change.endpoint == "198.51.100.1:9"


def test_a_peer_that_is_gone_is_remembered_where_it_was_and_one_that_is_seen_where_it_is() -> None:
    memory = Memory().seeing({"gone": "198.51.100.1:9", "here": "198.51.100.2:9"}).seeing({"here": "198.51.100.3:9"})

    assert memory.learned == {"gone": "198.51.100.1:9", "here": "198.51.100.3:9"}


def test_of_more_peers_that_are_gone_than_are_remembered_the_first_are_forgotten() -> None:
    memory = Memory().seeing({"first": "198.51.100.1:9"})
    for number in range(MOST_GONE):
        memory = memory.seeing({f"{number}": "198.51.100.1:9"})
    at_most, one_more = memory, memory.seeing({"last": "198.51.100.1:9"})

    assert ("first" in at_most.learned, len(at_most.learned)) == (True, MOST_GONE + 1)
    assert ("first" in one_more.learned, "0" in one_more.learned, len(one_more.learned)) == (False, True, MOST_GONE + 1)
