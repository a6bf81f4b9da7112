"""A tunnel as the file `wg-quick` and every official app accept.

Only keys all of them know, no comments, nothing that is not in the tunnel.
"""

import hashlib
from collections.abc import Mapping

from chalicelib.domain.tunnel import Section, Tunnel

DIGEST = 12  # hex digits: enough to tell one line from another
PREFIXES_A_LINE = 16  # wg-quick takes time in the square of a line's length: 28 s for 1,000 IPv6 prefixes in one


def portable_profile(tunnel: Tunnel, private_key: str | None) -> str:
    """Render the file; without `private_key` the line is left for the owner to add."""
    interface = ["[Interface]"]
    if private_key is not None:
        interface.append(f"PrivateKey = {private_key}")
    interface += _lines(_interface(tunnel))
    blocks = [interface, *(["[Peer]", *_lines(_peer(section))] for section in tunnel.sections)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def digests(tunnel: Tunnel) -> Mapping[str, str]:
    """What a file says, by key, in a form that tells nothing: to see later what has changed.

    The preshared key is left out: it follows the public keys, and its epoch only moves with a new file.
    """
    said: dict[str, list[str]] = {}
    for values in (_interface(tunnel), *map(_peer, tunnel.sections)):
        for key, value in values:
            said.setdefault(key, []).append(value)
    said.pop("PresharedKey", None)
    return {key: hashlib.sha256("\n".join(values).encode()).hexdigest()[:DIGEST] for key, values in said.items()}


def changed_keys(issued: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a file that would say something else if it were issued now."""
    return tuple(sorted(key for key in {*issued, *now} if issued.get(key) != now.get(key)))


Lines = list[tuple[str, str]]


def _lines(values: Lines) -> list[str]:
    return [f"{key} = {value}" for key, value in values]


def _interface(tunnel: Tunnel) -> Lines:
    values = [("Address", ", ".join(tunnel.prefixes))]
    if tunnel.listen_port is not None:
        values.append(("ListenPort", str(tunnel.listen_port)))
    if tunnel.dns:
        values.append(("DNS", ", ".join(tunnel.dns)))
    return [*values, ("MTU", str(tunnel.mtu))]


def _peer(section: Section) -> Lines:
    values = [("PublicKey", section.public_key)]
    if section.preshared_key is not None:
        values.append(("PresharedKey", section.preshared_key))
    values += [
        ("AllowedIPs", ", ".join(map(str, section.allowed_ips[at : at + PREFIXES_A_LINE])))
        for at in range(0, len(section.allowed_ips), PREFIXES_A_LINE)
    ]
    if section.endpoint is not None:
        values.append(("Endpoint", section.endpoint))
    if section.keepalive_s:
        values.append(("PersistentKeepalive", str(section.keepalive_s)))
    return values
