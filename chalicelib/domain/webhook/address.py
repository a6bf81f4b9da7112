"""Where hooks may point, and which addresses they may be sent to: nothing that only machines of this network reach.

The name in a URL says nothing of the address behind it, and may give another at the next question: what is checked is
the address that is connected to.
"""

import hashlib
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from chalicelib.domain.cidr import unmapped
from chalicelib.domain.errors import Invalid
from chalicelib.domain.text import DOMAIN_MAX, LABEL

URL_MAX = 2_000
PORTS = {"https": 443, "http": 80}
URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:(?P<port>[0-9]{1,5}))?(?P<rest>[/?].*)?\Z",
    re.IGNORECASE,
)
WRITTEN = re.compile(r"[!-~]*\Z")  # RFC 3986 section 2: all else is written with %
CARRIES_IPV4 = tuple(
    map(
        IPv6Network,
        (
            "64:ff9b::/96",  # NAT64, RFC 6052 section 2.1
            "64:ff9b:1::/48",  # NAT64 of one's own, RFC 8215
            "2002::/16",  # 6to4, RFC 3056
            "2001::/32",  # Teredo, RFC 4380
            "::/96",  # IPv4-compatible, RFC 4291 section 2.5.5.1
            "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        ),
    )
)
"""Addresses that stand for one of IPv4, whichever it is."""


@dataclass(frozen=True, slots=True)
class HookUrl:
    """Where a hook is sent. `host`: a name, or an address without brackets. `target`: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """For the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """All that is told to those who may not know the path, which holds a secret at many receivers."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target_hash(self) -> str:
        """By which two paths can be told apart that are not told."""
        return hashlib.sha256(self.target.encode()).hexdigest()[:16]

    @property
    def text(self) -> str:
        return f"{self.origin}{self.target}"


def parse_hook_url(field: str, text: str, to_loopback: bool = False) -> HookUrl:
    """Accept an https URL of a public host.

    Args:
        to_loopback: of the local stack: https and http to this machine are accepted as well.
    """
    found = URL.match(text)
    if len(text) > URL_MAX or not WRITTEN.match(text) or not found or "#" in text:
        raise Invalid(
            [(field, f"This is no URL. Write it like https://example.org/hook, {URL_MAX} characters at most.")]
        )
    scheme, host = found["scheme"].lower(), found["host"].lower().strip("[]")
    if scheme not in PORTS:
        raise Invalid([(field, "Webhooks are sent by https only.")])
    port = int(found["port"] or PORTS[scheme])
    rest = found["rest"] or "/"
    url = HookUrl(scheme, host, port, rest if rest.startswith("/") else f"/{rest}")
    if not 1 <= port <= 65535:
        raise Invalid([(field, f"{port} is no port: 1 to 65535.")])
    address = _address(host)
    is_local = host == "localhost" or (address is not None and address.is_loopback)
    if to_loopback and is_local:
        return url
    if not url.is_secure:
        raise Invalid([(field, "Webhooks are sent by https only.")])
    if is_local or (address is not None and not is_public(address)):
        raise Invalid([(field, f"Webhooks are sent to public addresses only, and {host} is none.")])
    if address is None and not _is_name(host):
        raise Invalid([(field, f"{host!r} is no host name or IP address.")])
    return url


def may_be_sent_to(url: HookUrl, address: str, to_loopback: bool = False) -> bool:
    """Whether the address that a name turned out to have may be connected to."""
    found = _address(address)
    if found is None:
        return False
    if to_loopback and found.is_loopback:
        return True
    return url.is_secure and is_public(found)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody's machine may have it: neither private, shared, link-local (as a cloud's metadata is), loopback,
    multicast, reserved, nor one that stands for an IPv4 address by translation."""
    plain = unmapped(address)
    if isinstance(plain, IPv6Address) and any(plain in network for network in CARRIES_IPV4):
        return False
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


def _is_name(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    if len(host) > DOMAIN_MAX or len(labels) < 2 or labels[-1][:1].isdigit():
        return False
    return all(LABEL.match(label) for label in labels)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
