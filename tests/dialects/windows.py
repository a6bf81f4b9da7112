"""WireGuard for Windows: conf/parser.go and conf/name.go of wireguard-windows, as of 2026."""

import re
from collections.abc import Callable, Mapping

from tests.dialects.literals import base64_key, decimal, is_ipv4, is_ipv6, is_ipv6_with_zone
from tests.dialects.refused import Refused

NAME = re.compile(r"[a-zA-Z0-9_=+.-]{1,32}")  # name.go, allowedNameFormat
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
PREFIX = re.compile(r"0|[1-9][0-9]*")  # netip.ParsePrefix: neither sign nor leading zero
MTU_MIN = 576  # parser.go, parseMTU
SHORT_MAX = 65535
UINT32_MAX = 2**32 - 1
ZERO_KEY = bytes(32)


def check(text: str, tunnel_name: str) -> None:
    """Raises Refused."""
    _check_name(tunnel_name)
    keys: Mapping[str, Callable[[str], None]] | None = None
    has_private_key = False
    public_keys: list[bytes] = []
    for raw in text.split("\n"):
        line = raw.partition("#")[0].strip(SPACES)
        if not line:
            continue
        if line.lower() == "[interface]":  # may stand again: its values replace or extend the earlier ones
            keys = INTERFACE
        elif line.lower() == "[peer]":
            keys = PEER
            public_keys.append(ZERO_KEY)
        else:
            key, value = _checked(keys, line)
            has_private_key |= key == "privatekey"
            if key == "publickey":
                public_keys[-1] = base64_key(value) or ZERO_KEY
    if not has_private_key:
        raise Refused("[Interface] has no PrivateKey")
    if ZERO_KEY in public_keys:
        raise Refused("[Peer] has no PublicKey, or one of zeros only")


def _checked(keys: Mapping[str, Callable[[str], None]] | None, line: str) -> tuple[str, str]:
    if keys is None:
        raise Refused("a line stands before the first section")
    name, equals, after = line.partition("=")
    key, value = name.strip(SPACES).lower(), after.strip(SPACES)
    if not equals:
        raise Refused("a line has no =")
    if not value:
        raise Refused(f"{key} has no value")
    if key not in keys:
        raise Refused(f"{'[Interface]' if keys is INTERFACE else '[Peer]'} has no key {key}")
    keys[key](value)  # a repeated key replaces, or extends a list
    return key, value


def _check_name(name: str) -> None:
    is_reserved = name.partition(".")[0].lower() in RESERVED
    if is_reserved or name.startswith(".") or name.endswith(".") or not NAME.fullmatch(name):
        raise Refused("the tunnel's name: 1 to 32 of a-z, A-Z, 0-9 and _=+.-, no dot at an end, no device of DOS")


def _key(value: str) -> None:
    # encoding/base64 StdEncoding is not strict: the unused last bits may be anything
    if base64_key(value) is None:
        raise Refused("a key is not 32 bytes in base64")


def _number(key: str, least: int) -> Callable[[str], None]:
    def check_number(value: str) -> None:
        number = decimal(value)
        if number is None or not least <= number <= SHORT_MAX:
            raise Refused(f"{key} {value!r}: {least} to {SHORT_MAX}")

    return check_number


def _keepalive(value: str) -> None:
    if value != "off":  # in lower case only
        _number("[Peer] PersistentKeepalive", 0)(value)


def _addresses(key: str) -> Callable[[str], None]:
    def check_addresses(value: str) -> None:
        for item in _split(key, value):
            address, slash, prefix = item.partition("/")
            most = 32 if is_ipv4(address) else 128
            is_prefix = PREFIX.fullmatch(prefix) is not None and int(prefix) <= most
            # netip.ParseAddr takes a zone, netip.ParsePrefix none
            if not (is_ipv4(address) or (is_ipv6 if slash else is_ipv6_with_zone)(address)):
                raise Refused(f"{key}: {item!r} is no address")
            if slash and not is_prefix:
                raise Refused(f"{key}: {item!r} has no prefix length of 0 to {most}")

    return check_addresses


def _dns(value: str) -> None:
    _split("[Interface] DNS", value)  # what is no address is a search domain, whatever it is


def _split(key: str, value: str) -> list[str]:
    items = [item.strip(SPACES) for item in value.split(",")]
    if "" in items:
        raise Refused(f"{key} has an empty item")
    return items


def _endpoint(value: str) -> None:
    host, colon, port = value.rpartition(":")
    if not colon or not host:
        raise Refused(f"[Peer] Endpoint {value!r} is not host:port")
    _number("[Peer] Endpoint's port", 0)(port)
    inner = host[1:-1]
    is_bracketed = host.startswith("[") and host.endswith("]") and len(host) > 3
    if is_bracketed and ":" in host:
        if not is_ipv6(inner.partition("%")[0]):
            raise Refused(f"[Peer] Endpoint {value!r} has no IPv6 address in its brackets")
    elif host.startswith("[") or host.endswith("]") or ":" in host:
        raise Refused(f"[Peer] Endpoint {value!r}: brackets hold an IPv6 address, and it needs them")


def _table(value: str) -> None:
    is_number = value.isascii() and value.isdigit() and int(value) <= UINT32_MAX
    if value not in ("off", "auto", "main") and not is_number:
        raise Refused(f"[Interface] Table {value!r} is neither off, auto, main nor a number")


def _anything(_value: str) -> None:
    """A script: kept, and run only where an administrator has allowed it."""


INTERFACE: Mapping[str, Callable[[str], None]] = {
    "privatekey": _key,
    "listenport": _number("[Interface] ListenPort", 0),
    "mtu": _number("[Interface] MTU", MTU_MIN),
    "address": _addresses("[Interface] Address"),
    "dns": _dns,
    "preup": _anything,
    "postup": _anything,
    "predown": _anything,
    "postdown": _anything,
    "table": _table,
}
PEER: Mapping[str, Callable[[str], None]] = {
    "publickey": _key,
    "presharedkey": _key,
    "allowedips": _addresses("[Peer] AllowedIPs"),
    "persistentkeepalive": _keepalive,
    "endpoint": _endpoint,
}
