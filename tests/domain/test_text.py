"""What reaches a config file is parsed first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.text import (
    LABEL,
    hashed_label,
    hides,
    label_of,
    parse_domain,
    parse_host,
    parse_label,
    parse_name,
    parse_resolver,
    plain_label,
)


@pytest.mark.parametrize("text", ["vpn.example.com", "198.51.100.7", "2001:db8::1", "hub"])
def test_an_endpoint_is_a_host_name_or_an_address(text: str) -> None:
    assert parse_host("endpoint", text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "169.254.169.254", "224.0.0.1", "255.255.255.255"),
        *("::", "::1", "::10.0.0.1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::FFFF:a9fe:a9fe", "::ffff:0.0.0.0"),
        *("localhost", "LocalHost", "hub.localhost", "localhost.localdomain"),
    ],
)
def test_what_nobody_can_reach_is_no_endpoint(text: str) -> None:
    with pytest.raises(Invalid, match="public name or address"):
        parse_host("endpoint", text)


def test_ipv4_written_as_ipv6_is_ipv4() -> None:
    assert parse_host("endpoint", "::ffff:198.51.100.7") == "198.51.100.7"
    assert parse_resolver("dns", "::ffff:9.9.9.9") == "9.9.9.9"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *(("9.9.9.9", True), ("169.254.169.253", True), ("10.0.0.2", True), ("2620:fe::fe", True)),
        *(("127.0.0.53", False), ("0.0.0.0", False), ("224.0.0.251", False), ("::1", False), ("fe80::1", False)),
    ],
)
def test_a_resolver_is_where_peers_can_ask(text: str, fits: bool) -> None:
    if fits:
        assert parse_resolver("dns", text) == text
    else:
        with pytest.raises(Invalid):
            parse_resolver("dns", text)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "host:51820", "[2001:db8::1]", "a\nPostUp = rm", "a#b", "-a.com", "1.2.3", "1.2.3.4.5", "a" * 254],
)
def test_anything_else_is_no_endpoint(text: str) -> None:
    with pytest.raises(Invalid):
        parse_host("endpoint", text)


@pytest.mark.parametrize("text", ["198.51.100.1:443", "vpn.example.org:51820", "[2001:db8::1]:443"])
def test_a_port_in_an_endpoint_is_shown_its_place(text: str) -> None:
    with pytest.raises(Invalid, match="put the port into listen_port or published_port"):
        parse_host("endpoint", text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("a", True), ("a" * 63, True), ("a" * 64, False), ("-a", False), ("a-", False), ("A", False), ("a\n", False)],
)
def test_a_network_name_is_a_dns_label(text: str, fits: bool) -> None:
    if fits:
        assert parse_label("name", text) == text
    else:
        with pytest.raises(Invalid):
            parse_label("name", text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *(("lab.internal", True), ("home.arpa", True), ("corp.example", True), ("local.example", True)),
        *(("local", False), ("lab.local", False), ("com", False), ("internal", False), ("localhost", False)),
        *(("a.localhost", False), ("lab.internal.", False), ("Lab.internal", False), ("10.0.0.1", False)),
    ],
)
def test_a_domain_is_one_that_nobody_else_answers_for(text: str, fits: bool) -> None:
    if fits:
        assert parse_domain("domain", text) == text
    else:
        with pytest.raises(Invalid):
            parse_domain("domain", text)


@pytest.mark.parametrize(
    ("domain", "host", "is_hidden"),
    [
        *(("example.org", "hub.example.org", True), ("example.org", "example.org", True)),
        *(("hub.example.org", "example.org", False), ("ample.org", "example.org", False)),
        ("example.org", "198.51.100.1", False),
    ],
)
def test_a_domain_hides_itself_and_all_under_it(domain: str, host: str, is_hidden: bool) -> None:
    assert hides(domain, host) is is_hidden


@pytest.mark.parametrize("text", ["", " ", "a" * 64, "a\nb", "a\x00b", "a\u2028b"])
def test_a_peer_name_is_one_printable_line(text: str) -> None:
    with pytest.raises(Invalid):
        parse_name("name", text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((one, one) for one in ("Anna's Laptop", "Büro #3", "日本のサーバー", "خادم", "📱", "सर्वर", "\uf8ff Mac")),
        *((one, one) for one in ("👩🏽‍💻 desk", "❤️‍🔥", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "क्‍ष", "\U0001fae8", "1️⃣")),
        *(("Ana\u2019s\xa0iPhone", "Ana\u2019s iPhone"), ("\u3000a\u2003b\u202f", "a b"), ("Bu\u0308ro", "Büro")),
        ("e\u0301" * 63, "é" * 63),
    ],
)
def test_a_peer_is_named_as_its_device_proposes(text: str, name: str) -> None:
    assert parse_name("name", text) == name
    assert parse_name("name", name) == name


@pytest.mark.parametrize(
    "text",
    [
        *("a\u202eb", "a\u200eb", "\u200fa", "a\u061cb", "a\u2066b", "a\u2069", "a\x7fb", "a\x85b", "a\u2029b"),
        *("a\ufeffb", "a\u2060b", "a\xadb", "we\u200db", "web\u200c", "\u200d", "é\u200d", "\u200dé", "\ud800"),
        *("\ufe0f", "\u0301", "\u3000", "a\U000e0041", "a\ufffe", "\ufdd0", "日\u200d\u200d本", "\u2063"),
    ],
)
def test_what_nobody_sees_or_what_turns_others_round_is_no_name(text: str) -> None:
    with pytest.raises(Invalid):
        parse_name("name", text)


NAMES = st.text(st.sampled_from("aAbB1 -'.!äÄßéあ本🚀\u0301"), min_size=1, max_size=70)


@given(st.one_of(NAMES, st.text(max_size=80)))
def test_a_name_that_was_read_is_read_again_as_it_is(text: str) -> None:
    try:
        name = parse_name("name", text)
    except Invalid:
        return

    assert parse_name("name", name) == name


@given(NAMES, NAMES)
def test_hashed_labels_of_two_names_are_two(one: str, other: str) -> None:
    assert (hashed_label(one) == hashed_label(other)) is (one == other)


@pytest.mark.parametrize("name", ["本 web", "Straße", "web あ", "ж", "a" * 62 + "ﬃ"])
def test_a_label_that_lost_letters_ends_in_a_hash(name: str) -> None:
    assert label_of(name) == hashed_label(name)


@pytest.mark.parametrize("name", ["web", "Web 1", "🚀 web", "Büro", "Ångström", "½"])
def test_a_label_that_lost_none_has_no_hash(name: str) -> None:
    assert label_of(name) == plain_label(name)


@given(st.text(min_size=1, max_size=63))
def test_every_hashed_label_is_one(name: str) -> None:
    assert LABEL.match(hashed_label(name))


@given(st.text(min_size=1, max_size=63))
def test_every_name_has_a_dns_label(name: str) -> None:
    assert LABEL.match(label_of(name))


@pytest.mark.parametrize(
    ("name", "label"), [("Anna's Laptop", "anna-s-laptop"), ("Büro", "buro"), ("web-01", "web-01")]
)
def test_a_label_is_derived_from_the_name(name: str, label: str) -> None:
    assert label_of(name) == label


def test_names_without_ascii_letters_get_labels_of_their_own() -> None:
    assert label_of("日本") != label_of("中国")
