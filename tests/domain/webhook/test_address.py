"""Where hooks may point, and what they may be sent to."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.webhook.address import HookUrl, may_be_sent_to, parse_hook_url

PUBLIC = HookUrl("https", "hooks.example.org", 443, "/x")
LOCAL = HookUrl("http", "localhost", 9000, "/x")

NOT_PUBLIC = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "2002:a00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::7f00:1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_is_sent_to_an_address_that_is_not_everybodys(address: str) -> None:
    assert not may_be_sent_to(PUBLIC, address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_sent_to(address: str) -> None:
    assert may_be_sent_to(PUBLIC, address)


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="127.0.0.0/8"))
def test_a_private_address_is_none_the_less_when_it_is_written_as_ipv6(address: IPv4Address) -> None:
    high, low = divmod(int(address), 1 << 16)
    for prefix in ("::ffff:", "64:ff9b::", "::"):
        assert not may_be_sent_to(PUBLIC, f"{prefix}{high:x}:{low:x}")


def test_loopback_is_for_the_local_stack_alone() -> None:
    assert may_be_sent_to(LOCAL, "127.0.0.1", to_loopback=True)
    assert may_be_sent_to(LOCAL, "::1", to_loopback=True)
    assert not may_be_sent_to(LOCAL, "127.0.0.1")
    assert not may_be_sent_to(LOCAL, "10.0.0.1", to_loopback=True)
    assert not may_be_sent_to(LOCAL, "8.8.8.8", to_loopback=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://hooks.example.org", HookUrl("https", "hooks.example.org", 443, "/")),
        ("HTTPS://Hooks.Example.ORG:8443/A?b=C", HookUrl("https", "hooks.example.org", 8443, "/A?b=C")),
        ("https://hooks.example.org?b", HookUrl("https", "hooks.example.org", 443, "/?b")),
        ("https://[2606:4700::1111]/x", HookUrl("https", "2606:4700::1111", 443, "/x")),
    ],
)
def test_a_url_is_read_into_its_parts(text: str, expected: HookUrl) -> None:
    assert parse_hook_url("url", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.org/x",
        "http://hooks.example.org/x",
        "ftp://hooks.example.org/x",
        "https://user:pass@hooks.example.org/x",
        "https://hooks.example.org/x#y",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nX-Evil: 1",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:65536/",
        "https://localhost/x",
        "https://intern/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://127.1/x",
        "https://0x7f000001/x",
        "https://2130706433/x",
        "https://hooks.example.org/" + 2_000 * "x",
    ],
)
def test_what_nothing_may_be_sent_to_is_refused_when_it_is_named(text: str) -> None:
    with pytest.raises(Invalid):
        parse_hook_url("url", text)


def test_the_local_stack_takes_this_machine_and_no_other_without_encryption() -> None:
    assert parse_hook_url("url", "http://127.0.0.1:9000/x", to_loopback=True).target == "/x"
    assert parse_hook_url("url", "http://localhost:9000", to_loopback=True).port == 9000
    for text in ("http://10.0.0.1/x", "http://hooks.example.org/x"):
        with pytest.raises(Invalid):
            parse_hook_url("url", text, to_loopback=True)


def test_the_text_of_a_url_says_the_port_only_where_it_is_another() -> None:
    for text in ("https://hooks.example.org/x?y", "https://[2606:4700::1111]:8443/"):
        assert parse_hook_url("url", text).text == text
