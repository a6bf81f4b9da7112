"""What reaches a config file is parsed first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.keys import parse_public_key
from chalicelib.domain.text import LABEL, label_of, parse_host, parse_label, parse_name
from tests.builders import a_key


@pytest.mark.parametrize("text", ["vpn.example.com", "198.51.100.7", "2001:db8::1", "hub"])
def test_an_endpoint_is_a_host_name_or_an_address(text: str) -> None:
    assert parse_host("endpoint", text) == text


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


@pytest.mark.parametrize("text", ["", " ", "a" * 64, "a\nb", "a\x00b", "a\u2028b"])
def test_a_peer_name_is_one_printable_line(text: str) -> None:
    with pytest.raises(Invalid):
        parse_name("name", text)


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


@pytest.mark.parametrize("text", ["", "abc", "A" * 44, a_key()[:-1], a_key() + "=", " " + a_key(), "A" * 43 + "="])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_public_key("public_key", text)


def test_a_public_key_is_kept_as_it_is() -> None:
    assert parse_public_key("public_key", a_key()) == a_key()
