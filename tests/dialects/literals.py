"""Keys, addresses and numbers in the few forms that the clients' libraries read."""

import base64
import binascii
import re
import socket

KEY_BYTES = 32
KEY_CHARACTERS = 44
DECIMAL = re.compile(r"[+-]?[0-9]+")
DOTTED = re.compile(r"[0-9a-fA-FxX.]+")


def canonical_key(text: str) -> bytes | None:
    """Decode a key as wireguard-tools (encoding.c), Android (Key.java) and Apple (key.c) all do.

    They share one decoder: 44 characters, one `=`, and no bit set beyond the 32 bytes.
    """
    raw = base64_key(text)
    return raw if raw is not None and base64.b64encode(raw).decode() == text else None


def base64_key(text: str) -> bytes | None:
    """Decode 32 bytes of padded base64, whatever the unused last bits are."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == KEY_BYTES and len(text) == KEY_CHARACTERS else None


def decimal(text: str) -> int | None:
    """Read a number as Go's Atoi, Java's parseInt and Swift's integers do: a sign and leading zeros are fine."""
    return int(text) if DECIMAL.fullmatch(text) else None


def is_ipv4(text: str) -> bool:
    """Four decimal numbers without leading zeros (inet_pton)."""
    return _is_of(socket.AF_INET, text)


def is_ipv6(text: str) -> bool:
    """Any form of RFC 4291, without a zone (inet_pton)."""
    return _is_of(socket.AF_INET6, text)


def is_ipv6_with_zone(text: str) -> bool:
    """RFC 4007: `%` and an interface may follow."""
    address, percent, zone = text.partition("%")
    return is_ipv6(address) and (bool(zone) or not percent)


def is_short_ipv4(text: str) -> bool:
    """One to four numbers, octal and hexadecimal too (inet_aton, and with it getaddrinfo)."""
    try:
        socket.inet_aton(text)
    except (OSError, ValueError):
        return False
    return DOTTED.fullmatch(text) is not None  # inet_aton takes anything after a space


def _is_of(family: socket.AddressFamily, text: str) -> bool:
    try:
        socket.inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return True
