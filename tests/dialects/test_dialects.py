"""Each rule of each client from both sides: what all five take, and what some of them refuse, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.dialects.real_tools import strip, wg_parses
from tests.dialects.refused import Refused
from tests.dialects.validator import DIALECTS, refusals

PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
PUBLIC = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
ANOTHER = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
PRESHARED = "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="
ZEROS = "A" * 43 + "="
SLOPPY = PUBLIC[:-2] + "h="  # the same 32 bytes, with an unused bit set

INTERFACE = {
    "PrivateKey": PRIVATE,
    "Address": "10.7.0.2/24, fd00:7::2/64",
    "ListenPort": "51820",
    "DNS": "10.7.0.1, fd00:7::1, lab.internal",
    "MTU": "1420",
}
PEER = {
    "PublicKey": PUBLIC,
    "PresharedKey": PRESHARED,
    "AllowedIPs": "10.7.0.0/24, fd00:7::/64, 0.0.0.0/0, ::/0",
    "Endpoint": "vpn.example.com:51820",
    "PersistentKeepalive": "25",
}

APPLE = ("macos", "ios")
PHONES = ("android", *APPLE)
APPS = ("windows", *PHONES)
ALL = tuple(DIALECTS)


def a_section(title: str, lines: Mapping[str, str | None], *more: str) -> str:
    """`None` leaves a line out; `more` are lines as they are."""
    pairs = [f"{key} = {value}" for key, value in lines.items() if value is not None]
    return "\n".join([f"[{title}]", *pairs, *more]) + "\n"


def a_file(*more: str, interface: Mapping[str, str | None] = {}, peer: Mapping[str, str | None] = {}) -> str:
    """A file that all five take, but for what is changed; `more` stands at its end."""
    sections = (a_section("Interface", {**INTERFACE, **interface}), a_section("Peer", {**PEER, **peer}), *more)
    return "\n".join(sections)


def with_interface(**lines: str | None) -> str:
    return a_file(interface=lines)


def with_peer(**lines: str | None) -> str:
    return a_file(peer=lines)


def with_line(line: str) -> str:
    """Another line in [Interface]."""
    return f"{a_section('Interface', INTERFACE, line)}\n{a_section('Peer', PEER)}"


def with_peer_line(line: str) -> str:
    return a_file(line)


def lines_of(prefixes: int, a_line: int) -> list[str]:
    """Many prefixes: in several lines, because the time of wg-quick grows with the square of a line's length."""
    cidrs = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(prefixes)]
    return [f"AllowedIPs = {', '.join(cidrs[n : n + a_line])}" for n in range(0, prefixes, a_line)]


def by(dialects: tuple[str, ...], reason: str) -> dict[str, str]:
    return dict.fromkeys(dialects, reason)


@dataclass(frozen=True, slots=True)
class Case:
    """A file, and who refuses it: dialect to a part of its reason. Everybody else must take it."""

    says: str
    text: str
    refused: Mapping[str, str] = field(default_factory=dict)
    name: str = "wg0"


SYNTAX = [
    Case("a file with all common keys is taken", a_file()),
    Case("keys and headers are taken in any case", a_file().replace("[Peer]", "[PEER]").replace("MTU", "mtu")),
    Case("no spaces around = are needed", a_file().replace(" = ", "=")),
    Case("comments are taken", a_file("# a line", "  # another").replace("[Peer]", "[Peer] # the hub")),
    Case("a semicolon begins no comment", a_file("; a line"), {"wg-quick": "unrecognized"} | by(APPS, "")),
    Case("CRLF ends a line", a_file().replace("\n", "\r\n")),
    Case("CR alone does not for all", a_file().replace("\n", "\r"), {"wg-quick": "unrecognized", "windows": "section"}),
    Case("a mark of byte order is no white space", "\ufeff" + a_file(), by(ALL, "")),
    Case("a header with spaces inside", a_file().replace("[Peer]", "[ Peer ]"), by(APPS, "")),
    Case("a key with a space inside", a_file().replace("PublicKey", "Public Key"), by(APPS, "")),
    Case("an unknown section", a_file("[Turn]", "Mode = 1"), by(ALL, "")),
    Case("an unknown key of [Interface]", with_line("Jc = 4"), {"wg-quick": "unrecognized"} | by(APPS, "no key")),
    Case("an unknown key of [Peer]", with_peer_line("Name = hub"), {"wg-quick": "unrecognized"} | by(APPS, "no key")),
    Case("a line without =", with_peer_line("hub"), by(ALL, "")),
    Case(
        "a key before the first section",
        f"MTU = 1420\n{a_file()}",
        {"wg-quick": "unrecognized", "windows": "before the first section", "android": "outside"},
    ),
    Case("a key of [Peer] in [Interface]", with_line("AllowedIPs = ::/0"), by(ALL, "")),
    Case("a key of [Interface] in [Peer]", with_peer_line("MTU = 1420"), by(ALL, "")),
    Case("an empty file", "", by(APPS, "")),
    Case("[Peer] alone", a_section("Peer", PEER), by(APPS, "")),
    Case("[Peer] before [Interface]", f"{a_section('Peer', PEER)}\n{a_section('Interface', INTERFACE)}"),
    Case("no [Peer]", a_section("Interface", INTERFACE)),
    Case("[Interface] twice", a_file("[Interface]", "MTU = 1400"), by(APPLE, "no PrivateKey")),
    Case("[Interface] twice, complete", a_file(f"[Interface]\nPrivateKey = {ANOTHER}"), by(APPLE, "2 [Interface]")),
    Case(
        "a last [Peer] with nothing in it",
        a_file("[Peer]"),
        {"wg-quick": "no PublicKey", "windows": "no PublicKey", "android": "no PublicKey"},
    ),
    Case("a [Peer] without a key", with_peer(PublicKey=None), by(ALL, "no PublicKey")),
    Case("two peers", a_file(a_section("Peer", {"PublicKey": ANOTHER}))),
    Case("two peers with one key", a_file(a_section("Peer", {"PublicKey": PUBLIC})), by(APPLE, "same PublicKey")),
]

REPEATED = [
    Case("Address twice", with_line("Address = 10.8.0.2/24")),
    Case("DNS twice", with_line("DNS = 1.1.1.1")),
    Case("AllowedIPs twice", with_peer_line("AllowedIPs = 10.8.0.0/24")),
    Case("MTU twice", with_line("MTU = 1400"), by(APPLE, "twice")),
    Case("ListenPort twice", with_line("ListenPort = 5"), by(APPLE, "twice")),
    Case("PrivateKey twice", with_line(f"PrivateKey = {ANOTHER}"), by(APPLE, "twice")),
    Case("PublicKey twice", with_peer_line(f"PublicKey = {ANOTHER}"), by(APPLE, "twice")),
    Case("Endpoint twice", with_peer_line("Endpoint = 192.0.2.1:5"), by(APPLE, "twice")),
]

OF_SOME = [
    Case("scripts", with_line("PostUp = true"), by(PHONES, "no key postup")),
    Case("Table", with_line("Table = off"), by(PHONES, "no key table")),
    Case("Table by a name", with_line("Table = mine"), {"windows": "Table"} | by(PHONES, "no key table")),
    Case("SaveConfig", with_line("SaveConfig = true"), by(APPS, "no key saveconfig")),
    Case("SaveConfig = yes", with_line("SaveConfig = yes"), by(APPS, "no key") | {"wg-quick": "true or false"}),
    Case("FwMark", with_line("FwMark = 0x10"), by(APPS, "no key fwmark")),
    Case("FwMark of a word", with_line("FwMark = ten"), by(APPS, "no key fwmark") | {"wg-quick": "FwMark"}),
    Case(
        "the apps of a phone",
        with_line("IncludedApplications = org.example"),
        {"wg-quick": "unrecognized"} | by(("windows", *APPLE), "no key includedapplications"),
    ),
    Case(
        "the apps of a phone, both ways",
        with_line("IncludedApplications = org.example\nExcludedApplications = org.example"),
        {"wg-quick": "unrecognized", "android": "both"} | by(("windows", *APPLE), "no key"),
    ),
]

KEYS = [
    Case("no private key", with_interface(PrivateKey=None), by(APPS, "no PrivateKey")),
    Case("no preshared key", with_peer(PresharedKey=None)),
    Case("a short key", with_peer(PublicKey=PUBLIC[:-4]), by(ALL, "32 bytes")),
    Case("a key of 33 bytes", with_peer(PublicKey="A" * 44), by(ALL, "32 bytes")),
    Case("a key in hexadecimal", with_peer(PublicKey="ab" * 32), by(ALL, "32 bytes")),
    Case("a key of base64url", with_peer(PublicKey=PUBLIC.replace("/", "_")[:-2] + "-="), by(ALL, "32 bytes")),
    Case("an unused bit in a public key", with_peer(PublicKey=SLOPPY), by(("wg-quick", *PHONES), "canonical")),
    Case("an unused bit in a preshared key", with_peer(PresharedKey=SLOPPY), by(("wg-quick", *PHONES), "canonical")),
    Case("an unused bit in a private key", with_interface(PrivateKey=SLOPPY), by(("wg-quick", *PHONES), "canonical")),
    Case("a public key of zeros", with_peer(PublicKey=ZEROS), {"windows": "zeros"}),
    Case("a preshared key of zeros", with_peer(PresharedKey=ZEROS)),
    Case("a private key of zeros", with_interface(PrivateKey=ZEROS)),
]

NUMBERS = [
    Case("no MTU", with_interface(MTU=None)),
    Case("MTU 576", with_interface(MTU="576")),
    Case("MTU 575", with_interface(MTU="575"), {"windows": "MTU"}),
    Case("MTU 65535", with_interface(MTU="65535")),
    Case("MTU 65536", with_interface(MTU="65536"), by(("windows", *APPLE), "MTU")),
    Case("MTU -1", with_interface(MTU="-1"), by(ALL, "MTU")),
    Case("MTU of a word", with_interface(MTU="auto"), by(ALL, "MTU")),
    Case("MTU with nothing", with_interface(MTU=""), {"windows": "no value", "android": "not key", **by(APPLE, "MTU")}),
    Case("no ListenPort", with_interface(ListenPort=None)),
    Case("ListenPort 0", with_interface(ListenPort="0")),
    Case("ListenPort 65535", with_interface(ListenPort="65535")),
    Case("ListenPort 65536", with_interface(ListenPort="65536"), by(APPS, "ListenPort")),
    Case("ListenPort -1", with_interface(ListenPort="-1"), by(ALL, "ListenPort")),
    Case("ListenPort +5", with_interface(ListenPort="+5")),
    Case("ListenPort 0x10", with_interface(ListenPort="0x10"), by(ALL, "ListenPort")),
    Case("no PersistentKeepalive", with_peer(PersistentKeepalive=None)),
    Case("PersistentKeepalive 0", with_peer(PersistentKeepalive="0")),
    Case("PersistentKeepalive 65535", with_peer(PersistentKeepalive="65535")),
    Case("PersistentKeepalive 65536", with_peer(PersistentKeepalive="65536"), by(ALL, "PersistentKeepalive")),
    Case("PersistentKeepalive off", with_peer(PersistentKeepalive="off"), by(PHONES, "PersistentKeepalive")),
    Case("PersistentKeepalive OFF", with_peer(PersistentKeepalive="OFF"), by(APPS, "PersistentKeepalive")),
    Case("PersistentKeepalive +25", with_peer(PersistentKeepalive="+25"), {"wg-quick": "PersistentKeepalive"}),
]

ADDRESSES = [
    Case("no Address", with_interface(Address=None)),
    Case("an Address without a prefix length", with_interface(Address="10.7.0.2, fd00:7::2")),
    Case("/0 and /32 and /128", with_interface(Address="10.7.0.2/0, 10.7.0.3/32, fd00:7::2/0, fd00:7::3/128")),
    Case("/33", with_interface(Address="10.7.0.2/33"), by(("wg-quick", "windows", "android"), "10.7.0.2/33")),
    Case("/129", with_interface(Address="fd00::2/129"), by(("wg-quick", "windows", "android"), "fd00::2/129")),
    Case("/256", with_interface(Address="fd00::2/256"), by(ALL, "fd00::2/256")),
    Case("a prefix length of zero characters", with_interface(Address="10.7.0.2/"), by(ALL, "10.7.0.2/")),
    Case("a prefix length with a zero before it", with_interface(Address="10.7.0.2/024"), {"windows": "10.7.0.2/024"}),
    Case(
        "a prefix length below zero",
        with_interface(Address="10.7.0.2/-1"),
        by(("wg-quick", "windows", *APPLE), "10.7.0.2/-1"),
    ),
    Case("a mask", with_interface(Address="10.7.0.2/255.255.255.0"), by(APPS, "10.7.0.2/255")),
    Case("a mask with a hole", with_interface(Address="10.7.0.2/255.0.255.0"), by(ALL, "10.7.0.2/255")),
    Case("a short IPv4 address", with_interface(Address="10.7/16"), by(("windows", "android"), "10.7/16")),
    Case("an octet of 256", with_interface(Address="10.7.0.256/24"), by(ALL, "10.7.0.256")),
    Case("a name as Address", with_interface(Address="localhost"), by(ALL, "localhost")),
    Case("IPv4 inside IPv6", with_interface(Address="::ffff:10.7.0.2/128")),
    Case("an Address with a zone", with_interface(Address="fe80::1%lo"), {"wg-quick": "fe80::1%lo"}),
    Case("an Address in brackets", with_interface(Address="[fd00::2]/64"), by(("wg-quick", "windows", *APPLE), "[")),
    Case("an Address twice in a line", with_interface(Address="10.7.0.2/24, 10.7.0.2/24"), {"wg-quick": "twice"}),
    Case("an IPv4 Address with two lengths", with_interface(Address="10.7.0.2/24, 10.7.0.2/16")),
    Case("an IPv6 Address with two lengths", with_interface(Address="fd00::2/64, fd00::2/48"), {"wg-quick": "twice"}),
    Case("an IPv6 Address for many", with_interface(Address="ff02::1/64"), {"wg-quick": "ff02::1/64"}),
    Case("Addresses with a space between", with_interface(Address="10.7.0.2/24 fd00:7::2/64"), by(APPS, "10.7.0.2/24")),
    Case(
        "Address with nothing",
        with_interface(Address=""),
        {"windows": "no value", "android": "not key = value"},
    ),
    Case("Address with a comma at its end", with_interface(Address="10.7.0.2/24,"), {"windows": "empty item"}),
    Case(
        "Address with two commas in a row",
        with_interface(Address="10.7.0.2/24,,10.7.0.3/24"),
        {"windows": "empty item", "android": "no address"},
    ),
]

ALLOWED_IPS = [
    Case("no AllowedIPs", with_peer(AllowedIPs=None)),
    Case(
        "AllowedIPs with nothing",
        with_peer(AllowedIPs=""),
        {"wg-quick": "unrecognized", "windows": "no value", "android": "not key = value"},
    ),
    Case("one thousand prefixes in sixty-three lines", a_file(*lines_of(1000, a_line=16))),
    Case("host bits", with_peer(AllowedIPs="10.7.0.2/24, fd00:7::2/64")),
    Case("AllowedIPs without a prefix length", with_peer(AllowedIPs="10.7.0.2, fd00:7::2")),
    Case("a prefix twice", with_peer(AllowedIPs="10.7.0.0/24, 10.7.0.0/24")),
    Case("AllowedIPs /33", with_peer(AllowedIPs="10.7.0.2/33"), by(("wg-quick", "windows", "android"), "10.7.0.2/33")),
    Case("AllowedIPs /129", with_peer(AllowedIPs="::/129"), by(("wg-quick", "windows", "android"), "::/129")),
    Case(
        "AllowedIPs with a comma at their end",
        with_peer(AllowedIPs="10.7.0.0/24,"),
        {"wg-quick": "no address", "windows": "empty item"},
    ),
    Case(
        "AllowedIPs with a space between two commas",
        with_peer(AllowedIPs="10.7.0.0/24, ,10.8.0.0/24"),
        {"wg-quick": "no address", "windows": "empty item", **by(PHONES, "no address")},
    ),
    Case(
        "AllowedIPs with a space instead of a comma",
        with_peer(AllowedIPs="10.7.0.0/24 10.8.0.0/24"),
        by(ALL, "AllowedIPs"),
    ),
    Case("a short prefix", with_peer(AllowedIPs="10.7/16"), by(("wg-quick", "windows", "android"), "10.7")),
    Case("a name as AllowedIPs", with_peer(AllowedIPs="lab.internal"), by(ALL, "lab.internal")),
]

DNS = [
    Case("no DNS", with_interface(DNS=None)),
    Case("a search domain alone", with_interface(DNS="lab.internal")),
    Case("a domain of one label", with_interface(DNS="10.7.0.1, lan")),
    Case("a domain with a dot at its end", with_interface(DNS="10.7.0.1, lab.internal.")),
    Case("a domain with an underscore", with_interface(DNS="10.7.0.1, my_lab.internal"), {"android": "my_lab"}),
    Case("a domain with a hyphen at its end", with_interface(DNS="10.7.0.1, lab-"), {"android": "lab-"}),
    Case("a label of 63", with_interface(DNS="a" * 63)),
    Case("a label of 64", with_interface(DNS="a" * 64), {"android": "DNS"}),
    Case("a domain of 255", with_interface(DNS=".".join(["a" * 63] * 4))),
    Case("a domain of more than 255", with_interface(DNS=".".join(["a" * 63] * 4) + ".a"), {"android": "DNS"}),
    Case("a DNS server with a port", with_interface(DNS="10.7.0.1:53"), {"android": "10.7.0.1:53"}),
    Case("DNS with nothing", with_interface(DNS=""), {"windows": "no value", "android": "not key = value"}),
    Case("DNS with a comma at its end", with_interface(DNS="10.7.0.1,"), {"windows": "empty item"}),
    Case("DNS with a space instead of a comma", with_interface(DNS="10.7.0.1 lan"), {"android": "10.7.0.1 lan"}),
]

ENDPOINTS = [
    Case("no Endpoint", with_peer(Endpoint=None)),
    Case("an Endpoint of IPv4", with_peer(Endpoint="192.0.2.1:51820")),
    Case("an Endpoint of IPv6 in brackets", with_peer(Endpoint="[2001:db8::1]:51820")),
    Case("an Endpoint of IPv6 without brackets", with_peer(Endpoint="2001:db8::1:51820"), by(APPS, "Endpoint")),
    Case("an Endpoint of IPv4 in brackets", with_peer(Endpoint="[192.0.2.1]:5"), by(("windows", "android"), "[192")),
    Case("an Endpoint of a name in brackets", with_peer(Endpoint="[localhost]:5"), by(("windows", "android"), "[loc")),
    Case("an Endpoint with a zone", with_peer(Endpoint="[fe80::1%lo]:51820"), by(APPLE, "character")),
    Case("an Endpoint without a port", with_peer(Endpoint="vpn.example.com"), by(ALL, "Endpoint")),
    Case("an Endpoint of IPv6 without a port", with_peer(Endpoint="[2001:db8::1]"), by(ALL, "Endpoint")),
    Case("an Endpoint with an empty port", with_peer(Endpoint="vpn.example.com:"), by(ALL, "Endpoint")),
    Case("an Endpoint with an empty host", with_peer(Endpoint=":51820"), by(("wg-quick", "windows", "android"), "")),
    Case("port 1", with_peer(Endpoint="vpn.example.com:1")),
    Case("port 65535", with_peer(Endpoint="vpn.example.com:65535")),
    Case("port 65536", with_peer(Endpoint="vpn.example.com:65536"), by(APPS, "Endpoint")),
    Case("a port of a word", with_peer(Endpoint="vpn.example.com:wireguard"), by(ALL, "Endpoint")),
    Case("a port after a space", with_peer(Endpoint="192.0.2.1: 51820"), by(APPS, "")),
    Case("a host of one label", with_peer(Endpoint="vpn:51820")),
    Case("a host in capitals", with_peer(Endpoint="VPN.Example.COM:51820")),
    Case("a host with a dot at its end", with_peer(Endpoint="vpn.example.com.:51820")),
    Case("a host with digits first", with_peer(Endpoint="1vpn.2example.com:51820")),
    Case("a host whose last label has a digit first", with_peer(Endpoint="vpn.1x:51820"), {"android": "no host"}),
    Case("a host with an underscore", with_peer(Endpoint="my_vpn.example.com:51820")),
    Case("a host with a hyphen at a label's end", with_peer(Endpoint="vpn-.example.com:5"), {"android": "no host"}),
    Case("a user before the host", with_peer(Endpoint="ana@192.0.2.1:5"), by(("wg-quick", *APPLE), "Endpoint")),
    Case("a slash in the host", with_peer(Endpoint="vpn/1:51820"), by(("wg-quick", *PHONES), "Endpoint")),
    Case("an octet of 999", with_peer(Endpoint="999.1.1.1:51820"), by(("wg-quick", "android"), "no host")),
    Case("a short IPv4 host", with_peer(Endpoint="192.1:51820"), {"android": "no host"}),
]

NAMES = [
    Case("a name with every character", a_file(), name="aZ0_=+.-b"),
    Case("a name of 15", a_file(), name="a" * 15),
    Case("a name of 16", a_file(), by(("wg-quick", "android"), "1 to 15"), name="a" * 16),
    Case("a name of 32", a_file(), by(("wg-quick", "android"), "1 to 15"), name="a" * 32),
    Case("a name of 33", a_file(), by(("wg-quick", "windows", "android"), "name"), name="a" * 33),
    Case("a name with a space", a_file(), by(("wg-quick", "windows", "android"), "name"), name="my lab"),
    Case("a name in letters beyond ASCII", a_file(), by(("wg-quick", "windows", "android"), "name"), name="büro"),
    Case("an empty name", a_file(), by(ALL, "name"), name=""),
    Case("a name with a dot before it", a_file(), {"windows": "name"}, name=".lab"),
    Case("a name with a dot after it", a_file(), {"windows": "name"}, name="lab."),
    Case("a device of DOS", a_file(), {"windows": "name"}, name="aux"),
    Case("a device of DOS in capitals", a_file(), {"windows": "name"}, name="COM1"),
    Case("a device of DOS with an extension", a_file(), {"windows": "name"}, name="nul.lab"),
    Case("what only begins like a device of DOS", a_file(), name="auxiliary"),
]

CASES = [*SYNTAX, *REPEATED, *OF_SOME, *KEYS, *NUMBERS, *ADDRESSES, *ALLOWED_IPS, *DNS, *ENDPOINTS, *NAMES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_a_file_is_refused_by_exactly_those_clients_whose_rule_it_breaks(case: Case) -> None:
    found = refusals(case.text, case.name)

    assert found.keys() == case.refused.keys(), found
    assert {dialect: part for dialect, part in case.refused.items() if part not in found[dialect]} == {}, found


@pytest.mark.parametrize("dialect", ["wg-quick", "windows", "android"])
def test_every_grammar_refuses_what_all_others_accept(dialect: str) -> None:
    assert [case.says for case in CASES if case.refused.keys() == {dialect}] != []


def test_the_apps_of_apple_refuse_what_all_others_accept() -> None:
    assert [case.says for case in CASES if case.refused.keys() == set(APPLE)] != []


def test_macos_and_ios_have_one_grammar() -> None:
    found = [refusals(case.text, case.name) for case in CASES]

    assert [reasons.get("macos") for reasons in found] == [reasons.get("ios") for reasons in found]


def test_no_reason_holds_a_secret() -> None:
    secret = SLOPPY[:20]
    found = [refusals(with_interface(PrivateKey=SLOPPY), "wg0"), refusals(with_peer(PresharedKey=SLOPPY), "wg0")]

    assert [reason for reasons in found for reason in reasons.values() if secret in reason] == []


@pytest.mark.root
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_wg_quick_and_wg_refuse_what_their_dialect_refuses(case: Case) -> None:
    reason = refusals(case.text, case.name).get("wg-quick", "")
    is_known_later = reason.startswith("ip ")  # `wg-quick up` only: `strip` and `wg` do not look at it

    assert refused_by_the_real_tools(case) == (bool(reason) and not is_known_later)


def refused_by_the_real_tools(case: Case) -> bool:
    try:
        wg_parses(strip(case.text, case.name))
    except Refused:
        return True
    return False
