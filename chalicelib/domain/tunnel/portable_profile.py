"""A tunnel as the file `wg-quick` and every official app accept.

Only keys all of them know, no comments, nothing that is not in the tunnel.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.cidr import joined
from chalicelib.domain.text import is_address
from chalicelib.domain.tunnel.sections import EVERYTHING, Section, Tunnel

DIGEST = 12  # hex digits: enough to tell one line from another
# wg-quick takes time in the square of a line's length. Measured (wireguard-tools 1.0.20210914, bash 5.2, of a 2 GHz
# core): 0.10 s for 1,700 characters, 0.38 s for 3,400 (80 IPv6 prefixes, 200 of IPv4), 1.5 s for 6,900, 6 s for 13,800.
LONGEST_LINE = 3600
PREFIXES_A_LINE = 16  # of those that need several: 1,000 IPv6 prefixes are read in a second
SEVERAL_LINES = (
    "AllowedIPs stand in several lines, for wg-quick would need too long for a single one. "
    "Importers that keep one line only, as some routers do, lose the others: enter them by hand there."
)
LEAKS_IPV6 = (
    "This file is for a device without IPv6. On one that has IPv6, "
    "what it sends by IPv6 leaves past the tunnel: use the file with IPv6 there."
)
LACKS_IPV6 = "This file is for a device without IPv6: what the tunnel reaches by IPv6 is left out of it."
NEEDS_IPV6 = "The hub's endpoint is an IPv6 address, which a device without IPv6 cannot reach."


def portable_profile(tunnel: Tunnel, private_key: str | None) -> str:
    """Render the file; without `private_key` the line is left for the owner to add."""
    interface = ["[Interface]"]
    if private_key is not None:
        interface.append(f"PrivateKey = {private_key}")
    interface += _lines(_interface(tunnel))
    blocks = [interface, *(["[Peer]", *_lines(_peer(section))] for section in _sections(tunnel))]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def without_ipv6(tunnel: Tunnel) -> Tunnel:
    """For a device without IPv6, on which `wg-quick` fails at an address or a route of IPv6.

    A DNS line left without an address is none.
    """
    dns = tuple(name for name in tunnel.dns if ":" not in name)
    return replace(
        tunnel,
        addresses=tuple(address for address in tunnel.addresses if address.version == 4),
        prefixes=tuple(prefix for prefix in tunnel.prefixes if ":" not in prefix),
        dns=dns if any(map(is_address, dns)) else (),
        sections=tuple(
            replace(section, allowed_ips=tuple(cidr for cidr in section.allowed_ips if cidr.version == 4))
            for section in tunnel.sections
        ),
    )


def notes(meant: Tunnel, written: Tunnel) -> tuple[str, ...]:
    """What the owner of a file has to know, in sentences.

    Args:
        meant: as the network wants it.
        written: as it stands in the file, perhaps without IPv6.
    """
    values = [value for section in _sections(written) for value in _peer(section)]
    said = [SEVERAL_LINES] if any(len(_lines([value])) > 1 for value in values) else []
    if meant != written:
        leaks = any(EVERYTHING[1] in section.allowed_ips for section in meant.sections)
        said.append(LEAKS_IPV6 if leaks else LACKS_IPV6)
        said += [NEEDS_IPV6 for section in written.sections if (section.endpoint or "").startswith("[")][:1]
    return tuple(said)


def digests(tunnel: Tunnel) -> Mapping[str, str]:
    """What a file says, by key, in a form that tells nothing: to see later what has changed.

    Of AllowedIPs it is the addresses that count, not how prefixes and lines cut them; and a file
    without IPv6 counts as the whole one. The preshared key is left out: it follows the public
    keys, and its epoch only moves with a new file.
    """
    said: dict[str, list[str]] = {}
    for values in (_interface(tunnel), *map(_peer, _sections(tunnel))):
        for key, value in values:
            said.setdefault(key, []).append(value)
    said.pop("PresharedKey", None)
    return {key: hashlib.sha256("\n".join(values).encode()).hexdigest()[:DIGEST] for key, values in said.items()}


def changed_keys(issued: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a file that would say something else if it were issued now."""
    return tuple(sorted(key for key in {*issued, *now} if issued.get(key) != now.get(key)))


Values = list[tuple[str, str]]


def _lines(values: Iterable[tuple[str, str]]) -> list[str]:
    """One a value, but for a list of prefixes that is too long for one."""
    return [f"{key} = {part}" for key, value in values for part in _parts(key, value)]


def _parts(key: str, value: str) -> Sequence[str]:
    if key != "AllowedIPs" or len(value) <= LONGEST_LINE:
        return [value]
    prefixes = value.split(", ")
    return [", ".join(prefixes[at : at + PREFIXES_A_LINE]) for at in range(0, len(prefixes), PREFIXES_A_LINE)]


def _sections(tunnel: Tunnel) -> Iterable[Section]:
    """With prefixes joined where no other section could claim a part of them."""
    if sum(bool(section.allowed_ips) for section in tunnel.sections) > 1:
        return tunnel.sections
    return (replace(section, allowed_ips=joined(section.allowed_ips)) for section in tunnel.sections)


def _interface(tunnel: Tunnel) -> Values:
    values = [("Address", ", ".join(tunnel.prefixes))]
    if tunnel.listen_port is not None:
        values.append(("ListenPort", str(tunnel.listen_port)))
    if tunnel.dns:
        values.append(("DNS", ", ".join(tunnel.dns)))
    return [*values, ("MTU", str(tunnel.mtu))]


def _peer(section: Section) -> Values:
    values = [("PublicKey", section.public_key)]
    if section.preshared_key is not None:
        values.append(("PresharedKey", section.preshared_key))
    if section.allowed_ips:
        values.append(("AllowedIPs", ", ".join(map(str, section.allowed_ips))))
    if section.endpoint is not None:
        values.append(("Endpoint", section.endpoint))
    if section.keepalive_s:
        values.append(("PersistentKeepalive", str(section.keepalive_s)))
    return values
