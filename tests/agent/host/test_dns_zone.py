"""The zone in values: own names and who else's, for whom, and whom to ask."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agent.host.dns_zone import Answer, Prefixes, Zone, nameservers, zone_of
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Bundle, Dns, Firewall, Record
from tests.agent.builders import a_bundle, a_peer

WEB = Record(name="web", addresses=["10.9.0.5", "fd00:9::5"])
DOMAIN = "home.internal"


def a_jumps_bundle(
    records: list[Record] | None = None,
    addresses: list[str] | None = None,
    resolvers: list[str] | None = None,
    hubs: list[str] | None = None,
    domain: str = DOMAIN,
    is_blocked: bool = False,
) -> Bundle:
    bundle = a_bundle(
        revision=7,
        peers=[a_peer("web", ["10.9.0.5/32", "fd00:9::5/128"]), a_peer("site", ["10.9.0.6/32", "192.168.7.0/24"])],
        addresses=addresses or ["10.9.0.1/24", "fd00:9::1/64"],
        forward=True,
    )
    dns = Dns(domain=domain, resolvers=resolvers or [], records=[WEB] if records is None else records)
    firewall = Firewall(forward=True, sets={"hubs": hubs or ["10.9.0.1/32", "10.9.0.2/32", "192.168.9.53/32"]})
    return structs.replace(bundle, dns=dns, firewall=firewall, is_blocked=is_blocked)


def a_zone(**asked: object) -> Zone:
    bundle = a_jumps_bundle(**asked)  # type: ignore[arg-type]
    zone = zone_of(bundle, desired(bundle))
    assert zone is not None
    return zone


def data(zone: Zone, name: str, kind: str) -> list[str] | None:
    answer = zone.answer(name, kind)
    return None if answer is None else [text for _, text in answer.records]


def test_regular_and_blocked_peers_serve_no_names() -> None:
    regular, blocked = a_bundle(), a_jumps_bundle(is_blocked=True)

    assert zone_of(regular, desired(regular)) is None
    assert zone_of(blocked, desired(blocked)) is None


def test_a_peers_name_has_its_addresses_by_type() -> None:
    zone = a_zone()

    assert data(zone, "web.home.internal", "A") == ["10.9.0.5"]
    assert data(zone, "web.home.internal", "AAAA") == ["fd00:9::5"]
    assert data(zone, "web.home.internal", "ANY") == ["10.9.0.5", "fd00:9::5"]


@pytest.mark.parametrize("name", ["WEB.home.internal", "wEb.HoMe.InTeRnAl"])
def test_case_does_not_matter(name: str) -> None:
    assert data(a_zone(domain="Home.Internal"), name, "A") == ["10.9.0.5"]


@pytest.mark.parametrize(
    ("name", "kind", "exists"),
    [
        ("web.home.internal", "TXT", True),
        ("nobody.home.internal", "A", False),
        ("deep.web.home.internal", "A", False),
        ("home.internal", "A", True),
        ("5.0.9.10.in-addr.arpa", "A", True),
        ("6.0.9.10.in-addr.arpa", "PTR", False),
        ("x.5.0.9.10.in-addr.arpa", "PTR", False),
        ("x.9.10.in-addr.arpa", "PTR", None),
        ("0.9.10.in-addr.arpa", "PTR", True),
    ],
)
def test_own_names_without_data_exist_or_not_and_are_never_anothers(name: str, kind: str, exists: bool | None) -> None:
    answer = a_zone().answer(name, kind)

    assert (None if answer is None else (answer.exists, answer.records)) == (None if exists is None else (exists, ()))


@pytest.mark.parametrize(
    "name",
    ["example.com", "home.internal.example.com", "xhome.internal", "internal", "arpa", "", "in-addr.arpa", "web"],
)
def test_other_names_are_anothers(name: str) -> None:
    assert a_zone().answer(name, "A") is None


def test_the_apex_says_who_it_is() -> None:
    zone = a_zone()

    assert data(zone, DOMAIN, "SOA") == ["home.internal. nobody.invalid. 7 3600 1200 604800 10"]
    assert data(zone, DOMAIN, "NS") == ["home.internal."]


def test_an_address_has_a_name() -> None:
    zone = a_zone()

    assert data(zone, "5.0.9.10.in-addr.arpa", "PTR") == ["web.home.internal."]
    assert data(zone, ip_address("fd00:9::5").reverse_pointer.upper(), "PTR") == ["web.home.internal."]


@pytest.mark.parametrize(
    ("address", "apex"),
    [
        ("10.9.0.1/24", "0.9.10.in-addr.arpa"),
        ("10.9.0.1/16", "9.10.in-addr.arpa"),
        ("10.9.0.1/20", "0.9.10.in-addr.arpa"),
        ("10.9.0.1/30", "3.0.9.10.in-addr.arpa"),
        ("10.9.0.1/8", "10.in-addr.arpa"),
    ],
)
def test_a_reverse_zone_begins_where_labels_stand_for_the_network_alone(address: str, apex: str) -> None:
    answer = a_zone(addresses=[address]).answer("3.0.9.10.in-addr.arpa", "PTR")

    assert answer == Answer(apex, exists=False)


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("9.10.in-addr.arpa", False),
        ("0.9.10.in-addr.arpa", True),
        ("15.9.10.in-addr.arpa", True),
        ("16.9.10.in-addr.arpa", False),
        ("1.16.9.10.in-addr.arpa", False),
        ("256.0.9.10.in-addr.arpa", True),
        ("01.0.9.10.in-addr.arpa", True),
        ("999999999999.9.10.in-addr.arpa", False),
        ("1.0.168.192.in-addr.arpa", False),
    ],
)
def test_reverse_names_are_own_within_the_network_and_nowhere_else(name: str, is_own: bool) -> None:
    assert (a_zone(addresses=["10.9.0.1/20"]).answer(name, "PTR") is not None) is is_own


@given(st.text(max_size=80), st.sampled_from(["A", "PTR", "SOA", "ANY", "TYPE65280"]))
def test_any_text_is_a_question(text: str, kind: str) -> None:
    zone = a_zone()

    for suffix in ("", f".{DOMAIN}", ".in-addr.arpa", ".9.10.in-addr.arpa", ".ip6.arpa"):
        answer = zone.answer(text + suffix, kind)
        assert answer is None or not answer.records or answer.exists


@given(st.ip_addresses())
def test_every_address_of_the_network_is_own_and_no_other(address: object) -> None:
    zone, one = a_zone(), ip_address(str(address))

    inside = any(one in network for network in zone.networks)
    assert (zone.answer(one.reverse_pointer, "PTR") is not None) is inside


def test_a_record_that_is_no_address_has_no_data() -> None:
    zone = a_zone(records=[Record(name="odd", addresses=["not an address"])])

    assert zone.answer("odd.home.internal", "A") == Answer(DOMAIN, exists=True)


@pytest.mark.parametrize(
    ("client", "is_served"),
    [
        ("10.9.0.77", True),
        ("fd00:9::77", True),
        ("192.168.7.3", True),
        ("10.9.0.1", True),
        ("10.9.1.1", False),
        ("192.168.8.1", False),
        ("127.0.0.1", False),
        ("203.0.113.5", False),
        ("fd00:a::1", False),
    ],
)
def test_who_is_behind_the_tunnel_is_served(client: str, is_served: bool) -> None:
    assert (ip_address(client) in a_zone().clients) is is_served


@given(
    st.lists(st.ip_addresses(v=4).map(lambda one: ip_network(f"{one}/{int(one) % 33}", strict=False))),
    st.ip_addresses(v=4),
)
def test_prefixes_hold_what_any_of_them_holds(prefixes: list[object], address: object) -> None:
    nets = [ip_network(str(prefix)) for prefix in prefixes]
    one = ip_address(str(address))

    assert (one in Prefixes.of(nets)) is any(one in net for net in nets)


def test_the_networks_resolvers_are_asked_else_the_hosts() -> None:
    host = (ip_address("203.0.113.53"),)

    assert a_zone(resolvers=["9.9.9.9", "2620:fe::fe"]).upstream(host) == tuple(
        map(ip_address, ["9.9.9.9", "2620:fe::fe"])
    )
    assert a_zone().upstream(host) == host


def test_no_jump_is_asked_but_what_lies_behind_one_may_be() -> None:
    """The first address is its own, the second another jump's, the third a resolver in a jump's LAN."""
    zone = a_zone(resolvers=["10.9.0.1", "10.9.0.2", "192.168.9.53"])
    itself = a_zone(resolvers=["10.9.0.1", "fd00:9::1"])

    assert zone.upstream(()) == (ip_address("192.168.9.53"),)
    assert itself.upstream([ip_address("10.9.0.1"), ip_address("203.0.113.53")]) == (ip_address("203.0.113.53"),)


@pytest.mark.parametrize(("client", "forwards"), [("10.9.0.1", False), ("10.9.0.2", False), ("10.9.0.3", True)])
def test_for_jumps_nothing_is_forwarded_for_it_could_come_back(client: str, forwards: bool) -> None:
    assert a_zone().forwards_for(ip_address(client)) is forwards


def test_the_hosts_resolvers_are_read_as_the_c_library_does() -> None:
    text = "# nameserver 1.1.1.1\nnameserver 203.0.113.53\n  nameserver\t2001:db8::53 \nsearch x\nnameserver nonsense\n"

    assert nameservers(text) == (ip_address("203.0.113.53"), ip_address("2001:db8::53"))
