"""WireGuard for macOS and iOS: TunnelConfiguration+WgQuickConfig.swift and WireGuardKit of wireguard-apple, 2023.

Both apps import a file by the same code (TunnelImporter.swift), so they have one grammar.
"""

import re
from collections.abc import Callable, Mapping

from tests.dialects.literals import canonical_key, decimal, is_ipv6_with_zone, is_short_ipv4
from tests.dialects.refused import Refused

LINES = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")  # Character.isNewline
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200C)))
HEADERS = ("[interface]", "[peer]")
LISTS = {"address", "allowedips", "dns"}  # keysWithMultipleEntriesAllowed
HOST = re.compile(r"[!$&'()*+,.0-9:;=A-Z\[\]_a-z~-]*")  # CharacterSet.urlHostAllowed: no %, hence no zone
BYTE_MAX = 255
SHORT_MAX = 65535

Attributes = dict[str, str]


def check(text: str, tunnel_name: str) -> None:
    """Raises Refused."""
    if not tunnel_name.strip(SPACES):  # TunnelsManager.swift, add: the only rule
        raise Refused("the tunnel has no name")
    interfaces = 0
    public_keys: list[bytes | None] = []
    for header, attributes in _sections(text):
        if header == "[interface]":
            _check_section("[Interface]", INTERFACE, "privatekey", attributes)
            interfaces += 1
        else:
            _check_section("[Peer]", PEER, "publickey", attributes)
            public_keys.append(canonical_key(attributes["publickey"]))
    if interfaces != 1:
        raise Refused(f"there are {interfaces} [Interface] sections")
    if len(set(public_keys)) != len(public_keys):
        raise Refused("two [Peer] sections have the same PublicKey")


def _sections(text: str) -> list[tuple[str, Attributes]]:
    """The sections, without one whose header is the file's last line: the app never looks at that one.

    Keys before the first header are dropped; only a repeated one is refused.
    """
    lines = [line for line in LINES.split(text) if line]
    found: list[tuple[str, Attributes]] = []
    attributes: Attributes = {}
    for number, raw in enumerate(lines, start=1):
        line = raw.partition("#")[0].strip(SPACES)
        name, equals, after = line.partition("=")
        if line.lower() in HEADERS:
            attributes = {}
            if number < len(lines):
                found.append((line.lower(), attributes))
        elif equals:
            _add(attributes, name.strip(SPACES), after.strip(SPACES))
        elif line:
            raise Refused("a line is neither [Interface], [Peer] nor key = value")
    return found


def _add(attributes: Attributes, name: str, value: str) -> None:
    key = name.lower()
    if key in attributes and key not in LISTS:
        raise Refused(f"{name} stands twice in a section")
    attributes[key] = f"{attributes[key]},{value}" if key in attributes else value


def _check_section(title: str, keys: Mapping[str, Callable[[str], None]], needed: str, attributes: Attributes) -> None:
    for key in attributes:
        if key not in keys:
            raise Refused(f"{title} has no key {key}")
    if needed not in attributes:
        raise Refused(f"{title} has no {'PublicKey' if needed == 'publickey' else 'PrivateKey'}")
    for key, value in attributes.items():
        keys[key](value)


def _items(value: str) -> list[str]:
    """String.splitToArray: nothing between two commas is no item, a space between them is one."""
    return [item.strip(SPACES) for item in value.split(",") if item]


def _key(value: str) -> None:
    if canonical_key(value) is None:
        raise Refused("a key is not 32 bytes in canonical base64")


def _number(key: str) -> Callable[[str], None]:
    def check_number(value: str) -> None:
        number = decimal(value)  # UInt16, so PersistentKeepalive knows no off
        if number is None or not 0 <= number <= SHORT_MAX:
            raise Refused(f"{key} {value!r}: 0 to {SHORT_MAX}")

    return check_number


def _ranges(key: str) -> Callable[[str], None]:
    def check_ranges(value: str) -> None:
        for item in _items(value):
            address, slash, prefix = item.rpartition("/") if "/" in item else (item, "", "")
            # IPv4Address(_:) and IPv6Address(_:) are getaddrinfo with AI_NUMERICHOST: 10.1 is 10.0.0.1
            if not (is_short_ipv4(address) or is_ipv6_with_zone(address)):
                raise Refused(f"{key}: {item!r} is no address")
            length = decimal(prefix) if slash else 0
            if length is None or not 0 <= length <= BYTE_MAX:  # IPAddressRange.swift cuts 33..255 to 32, 129.. to 128
                raise Refused(f"{key}: {item!r} has no prefix length")

    return check_ranges


def _dns(_value: str) -> None:
    """What is no address is a search domain, whatever it is."""


def _endpoint(value: str) -> None:
    """Endpoint.swift: the host ends at `]:` or at the first colon."""
    is_bracketed = value.startswith("[")
    host, ending, port = value[1:].partition("]") if is_bracketed else value.partition(":")
    if is_bracketed:
        ending, port = port[:1], port[1:]
    number = decimal(port)  # NWEndpoint.Port(_:)
    if ending != ":" or number is None or not 0 <= number <= SHORT_MAX:
        raise Refused(f"[Peer] Endpoint {value!r} is not host:port")
    if not HOST.fullmatch(host):
        raise Refused(f"[Peer] Endpoint {value!r} has a character that no host has")


INTERFACE: Mapping[str, Callable[[str], None]] = {
    "privatekey": _key,
    "listenport": _number("[Interface] ListenPort"),
    "address": _ranges("[Interface] Address"),
    "dns": _dns,
    "mtu": _number("[Interface] MTU"),
}
PEER: Mapping[str, Callable[[str], None]] = {
    "publickey": _key,
    "presharedkey": _key,
    "allowedips": _ranges("[Peer] AllowedIPs"),
    "endpoint": _endpoint,
    "persistentkeepalive": _number("[Peer] PersistentKeepalive"),
}
