"""WireGuard for Android: com.wireguard.config and the tunnel name rule of wireguard-android, as of 2025."""

import re
from collections.abc import Callable, Mapping

from tests.dialects.literals import canonical_key, decimal, is_ipv4, is_ipv6, is_ipv6_with_zone
from tests.dialects.refused import Refused

NAME = re.compile(r"[a-zA-Z0-9_=+.-]{1,15}")  # backend/Tunnel.java, NAME_PATTERN
LINES = re.compile(r"\r\n|\r|\n")  # BufferedReader.readLine
TRIMMED = "".join(map(chr, range(0x21)))  # String.trim
ATTRIBUTE = re.compile(r"(\w+)\s*=\s*([^\s#][^#]*)", re.ASCII)  # Attribute.java, LINE_PATTERN: a value is never empty
SEPARATOR = re.compile(r"\s*,\s*", re.ASCII)
LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
HOSTNAME = re.compile(rf"(?=.{{1,255}}\Z){LABEL}(?:\.{LABEL})*\.?")  # InetAddresses.java, VALID_HOSTNAME
FORBIDDEN = re.compile(r"[/?#]")
AUTHORITY = re.compile(r"(?:[0-9A-Za-z_.!~*'();:&=+$,%-]*@)?(\[[^\]]*\]|[^:\[\]@]*):([0-9]+)")  # java.net.URI
ZONE = re.compile(r"[0-9A-Za-z_.]+")  # java.net.URI, scope id
OCTETS = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
URI_LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z_-]*[0-9A-Za-z_])?"  # libcore's URI, unlike the JDK's, takes _ in a label
URI_TOP = r"[A-Za-z](?:[0-9A-Za-z_-]*[0-9A-Za-z_])?"  # the last of several labels begins with a letter
URI_HOST = re.compile(rf"(?:{URI_LABEL}|(?:{URI_LABEL}\.)+{URI_TOP})\.?")
INT_MAX = 2**31 - 1
SHORT_MAX = 65535


def check(text: str, tunnel_name: str) -> None:
    """Raises Refused."""
    if not NAME.fullmatch(tunnel_name):
        raise Refused("the tunnel's name: 1 to 15 of a-z, A-Z, 0-9 and _=+.-")
    interface: list[str] | None = None
    peers: list[list[str]] = []
    section: list[str] | None = None
    for raw in LINES.split(text):
        line = raw.partition("#")[0].strip(TRIMMED)
        if line.lower() == "[interface]":
            section = interface = interface or []  # all [Interface] sections are one
        elif line.lower() == "[peer]":
            section = []
            peers.append(section)
        elif line and (section is None or line.startswith("[")):
            raise Refused("a line stands outside of [Interface] and [Peer]")
        elif line and section is not None:
            section.append(line)
    if interface is None:
        raise Refused("there is no [Interface]")
    for peer in peers:
        _check_section("[Peer]", PEER, "publickey", peer)
    seen = _check_section("[Interface]", INTERFACE, "privatekey", interface)
    if {"includedapplications", "excludedapplications"} <= seen:
        raise Refused("[Interface] has both IncludedApplications and ExcludedApplications")


def _check_section(title: str, keys: Mapping[str, Callable[[str], None]], needed: str, lines: list[str]) -> set[str]:
    seen: set[str] = set()
    for line in lines:
        match = ATTRIBUTE.fullmatch(line)
        if match is None:
            raise Refused(f"{title} has a line that is not key = value")
        key = match[1].lower()
        if key not in keys:
            raise Refused(f"{title} has no key {key}")
        keys[key](match[2])  # a repeated key replaces, or extends a list
        seen.add(key)
    if needed not in seen:
        raise Refused(f"{title} has no {'PublicKey' if needed == 'publickey' else 'PrivateKey'}")
    return seen


def _split(value: str) -> list[str]:
    """Pattern.split: empty items at the end are dropped, others are kept."""
    items = SEPARATOR.split(value)
    while items and not items[-1]:
        items.pop()
    return items


def _key(value: str) -> None:
    if canonical_key(value) is None:
        raise Refused("a key is not 32 bytes in canonical base64")


def _number(key: str, most: int) -> Callable[[str], None]:
    def check_number(value: str) -> None:
        number = decimal(value)  # so PersistentKeepalive knows no off
        if number is None or not 0 <= number <= most:
            raise Refused(f"{key} {value!r}: 0 to {most}")

    return check_number


def _is_address(text: str) -> bool:
    """InetAddress.parseNumericAddress, which also takes an IPv6 address in brackets."""
    is_bracketed = text.startswith("[") and text.endswith("]")
    return is_ipv4(text) or is_ipv6_with_zone(text[1:-1] if is_bracketed else text)


def _networks(key: str) -> Callable[[str], None]:
    def check_networks(value: str) -> None:
        for item in _split(value):
            address, slash, prefix = item.rpartition("/") if "/" in item else (item, "", "")
            if not _is_address(address):
                raise Refused(f"{key}: {item!r} is no address")
            most = 32 if is_ipv4(address) else 128
            length = decimal(prefix) if slash else most
            if length is None or length > most:  # a negative one means the whole address: InetNetwork.java
                raise Refused(f"{key}: {item!r} has no prefix length of 0 to {most}")

    return check_networks


def _dns(value: str) -> None:
    for item in _split(value):
        if not (_is_address(item) or HOSTNAME.fullmatch(item)):
            raise Refused(f"[Interface] DNS: {item!r} is neither an address nor a host name")


def _endpoint(value: str) -> None:
    match = AUTHORITY.fullmatch(value)
    if FORBIDDEN.search(value) or match is None or int(match[2]) > SHORT_MAX:
        raise Refused(f"[Peer] Endpoint {value!r} is not host:port")
    host = match[1]
    if host.startswith("["):
        address, percent, zone = host[1:-1].partition("%")
        is_host = is_ipv6(address) and (not percent or ZONE.fullmatch(zone) is not None)
    else:
        octets = OCTETS.fullmatch(host)
        is_v4 = octets is not None and all(int(octet) <= 255 for octet in octets.groups())
        is_host = is_v4 or URI_HOST.fullmatch(host) is not None
    if not is_host:
        raise Refused(f"[Peer] Endpoint {value!r} has no host")


def _anything(_value: str) -> None:
    """Names of packages, of which none needs to be installed."""


INTERFACE: Mapping[str, Callable[[str], None]] = {
    "address": _networks("[Interface] Address"),
    "dns": _dns,
    "excludedapplications": _anything,
    "includedapplications": _anything,
    "listenport": _number("[Interface] ListenPort", SHORT_MAX),
    "mtu": _number("[Interface] MTU", INT_MAX),
    "privatekey": _key,
}
PEER: Mapping[str, Callable[[str], None]] = {
    "allowedips": _networks("[Peer] AllowedIPs"),
    "endpoint": _endpoint,
    "persistentkeepalive": _number("[Peer] PersistentKeepalive", SHORT_MAX),
    "presharedkey": _key,
    "publickey": _key,
}
