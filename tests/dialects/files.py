"""Files of WireGuard, with one line of them changed, and those who refuse them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.dialects.validator import DIALECTS

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
