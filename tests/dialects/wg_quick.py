"""wg-quick(8) of wireguard-tools 1.0.20210914: its bash script, then what `wg setconf` (config.c) and `ip` take.

Whether a host name resolves, and whether the machine has `resolvconf`, is no matter of the file.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Address

from tests.dialects.literals import canonical_key, is_ipv4, is_ipv6, is_ipv6_with_zone, is_short_ipv4
from tests.dialects.refused import Refused

NAME = re.compile(r"[a-zA-Z0-9_=+.-]{1,15}")  # wg-quick, parse_options; 15 is IFNAMSIZ less its end
SPACES = " \t\n\v\f\r"  # [[:space:]] of bash in the C locale, and config.c's char_is_space
IFS = " \t\n"
UNCHECKED = {"dns", "table", "preup", "postup", "predown", "postdown"}  # handed to resolvconf, ip and bash
PORT = re.compile(r"\+?[0-9]+")  # getaddrinfo of glibc: strtoul, and above 65535 the low 16 bits (measured)
DIGITS = re.compile(r"[0-9]+")
NUMBER = re.compile(r"\+?(0[xX][0-9a-fA-F]+|[0-9]+)")  # iproute2 lib/utils.c: strtoul of base 0
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
MTU_MAX = 2147483552  # linux drivers/net/wireguard/device.c; wireguard-go's tun device has 68..65535 instead
SHORT_MAX = 65535
UINT32_MAX = 2**32 - 1


def check(text: str, tunnel_name: str) -> None:
    """Raises Refused."""
    if not NAME.fullmatch(tunnel_name) or tunnel_name in (".", ".."):
        raise Refused("the file's name: 1 to 15 of a-z, A-Z, 0-9 and _=+.-, followed by .conf")
    addresses, mtu, rest = _script(text)
    _setconf(rest)
    _set_addresses(addresses)
    if mtu and not (NUMBER.fullmatch(mtu) and _c_number(mtu) <= MTU_MAX):
        raise Refused(f"ip link: [Interface] MTU {mtu!r}: 0 to {MTU_MAX}")


def _script(text: str) -> tuple[list[str], str, list[str]]:
    """What the script keeps to itself, and the lines that it hands to `wg`."""
    addresses: list[str] = []
    mtu = ""
    rest = []
    in_interface = False
    for raw in text.replace("\0", "").split("\n"):
        line = raw.strip(IFS)
        stripped = line.partition("#")[0]
        name, equals, after = stripped.partition("=")
        key = name.strip(SPACES).lower()  # shopt nocasematch
        value = (after if equals else stripped).strip(SPACES)
        if key.startswith("["):
            in_interface = key == "[interface]"
        if in_interface and key == "address":
            addresses += value.replace(",", " ").split()  # so a space separates as well, and empty items vanish
        elif in_interface and key == "mtu":
            mtu = value
        elif in_interface and key == "saveconfig" and value.lower() not in ("true", "false"):
            raise Refused("[Interface] SaveConfig: true or false")
        elif not (in_interface and (key in UNCHECKED or key == "saveconfig")):
            rest.append(line)
    return addresses, mtu, rest


def _setconf(lines: list[str]) -> None:
    section: Mapping[str, Callable[[str], None]] = {}
    seen = {"publickey"}
    for raw in lines:
        line = "".join(character for character in raw.partition("#")[0] if character not in SPACES)
        if not line:
            continue
        if line.lower() == "[interface]":  # may stand again
            _complete(seen)
            section, seen = INTERFACE, {"publickey"}
        elif line.lower() == "[peer]":
            _complete(seen)
            section, seen = PEER, set()
        else:
            key, _, value = line.partition("=")
            key = key.lower()
            if not value:  # get_value
                raise Refused("wg: line unrecognized: it has no value")
            if key not in section:
                raise Refused(f"wg: line unrecognized: {key!r}")
            section[key](value)  # a repeated key replaces, or extends a list
            seen.add(key)
    _complete(seen)


def _complete(seen: set[str]) -> None:
    if "publickey" not in seen:
        raise Refused("wg: [Peer] has no PublicKey")


def _key(value: str) -> None:
    if canonical_key(value) is None:
        raise Refused("wg: a key is not 32 bytes in canonical base64")


def _listen_port(value: str) -> None:
    if not PORT.fullmatch(value):
        raise Refused(f"wg: [Interface] ListenPort {value!r} is no port")


def _fwmark(value: str) -> None:
    number = value if value.lower() != "off" else "0"
    base = 16 if number.startswith("0x") else 10
    try:
        is_mark = number[:1].isdigit() and int(number, base) <= UINT32_MAX
    except ValueError:
        is_mark = False
    if not is_mark:
        raise Refused(f"wg: [Interface] FwMark {value!r} is neither off nor 0 to 0xffffffff")


def _endpoint(value: str) -> None:
    bracketed = value.startswith("[")
    host, colon, port = value[1:].partition("]:") if bracketed else value.rpartition(":")  # the last colon
    if not colon or not PORT.fullmatch(port):
        raise Refused(f"wg: [Peer] Endpoint {value!r} has no port")
    is_name = HOST.fullmatch(host) is not None and not _last_label(host).isdigit()
    if not (is_name or is_short_ipv4(host) or is_ipv6_with_zone(host)):
        raise Refused(f"wg: [Peer] Endpoint {value!r} has no host")


def _last_label(host: str) -> str:
    return host.rstrip(".").rpartition(".")[2]


def _allowed_ips(value: str) -> None:
    for item in value.split(","):
        address, slash, prefix = item.partition("/")
        most = 32 if is_ipv4(address) else 128 if is_ipv6(address) else -1
        if most < 0:
            raise Refused(f"wg: [Peer] AllowedIPs: {address!r} is no address")
        if slash and not (DIGITS.fullmatch(prefix) and int(prefix) <= most):
            raise Refused(f"wg: [Peer] AllowedIPs: {item!r} has no prefix length of 0 to {most}")


def _keepalive(value: str) -> None:
    if value.lower() != "off" and not (DIGITS.fullmatch(value) and int(value) <= SHORT_MAX):
        raise Refused(f"wg: [Peer] PersistentKeepalive {value!r} is neither off nor 0 to 65535")


def _set_addresses(items: list[str]) -> None:
    taken: set[str] = set()
    for item in items:
        address, slash, prefix = item.partition("/")
        is_v6 = ":" in item
        if not (_is_v6_argument(address, slash, prefix) if is_v6 else _is_v4_argument(address, slash, prefix)):
            raise Refused(f"ip address: [Interface] Address: {item!r} is no address")
        # Linux has an IPv6 address once, and an IPv4 address once for each prefix length (measured)
        one = str(IPv6Address(address)) if is_v6 else f"{address}/{prefix or 32}"
        if one in taken:
            raise Refused(f"ip address: [Interface] Address: {item!r} stands twice")
        taken.add(one)


def _is_v6_argument(address: str, slash: str, prefix: str) -> bool:
    if not is_ipv6(address) or (slash and not _is_length(prefix, 128)):
        return False
    known = IPv6Address(address)
    return not (known.is_unspecified or known.is_multicast or known.is_loopback)  # net/ipv6/addrconf.c (measured)


def _is_v4_argument(address: str, slash: str, prefix: str) -> bool:
    numbers = address.split(".")  # iproute2, get_addr_ipv4: 10.1 is 10.1.0.0
    is_address = len(numbers) <= 4 and all(NUMBER.fullmatch(part) and _c_number(part) <= 255 for part in numbers)
    return is_address and (not slash or _is_length(prefix, 32) or _is_netmask(prefix))


def _is_length(prefix: str, most: int) -> bool:
    return NUMBER.fullmatch(prefix) is not None and _c_number(prefix) <= most


def _is_netmask(text: str) -> bool:
    try:
        return is_ipv4(text) and IPv4Network(f"0.0.0.0/{text}").netmask.packed == bytes(map(int, text.split(".")))
    except ValueError:
        return False


def _c_number(text: str) -> int:
    digits = text.removeprefix("+")
    if digits[:2].lower() == "0x":
        return int(digits, 16)
    is_octal = digits.startswith("0") and len(digits) > 1
    try:
        return int(digits, 8 if is_octal else 10)
    except ValueError:  # an 8 or 9 in an octal number
        return UINT32_MAX


INTERFACE: Mapping[str, Callable[[str], None]] = {
    "listenport": _listen_port,
    "fwmark": _fwmark,
    "privatekey": _key,  # wg needs none
}
PEER: Mapping[str, Callable[[str], None]] = {
    "endpoint": _endpoint,
    "publickey": _key,
    "allowedips": _allowed_ips,
    "persistentkeepalive": _keepalive,
    "presharedkey": _key,
}
