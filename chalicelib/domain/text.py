"""Names and hosts as typed values: nothing that reaches a config file, DNS or a log is raw."""

import hashlib
import re
import unicodedata
from ipaddress import ip_address

from chalicelib.domain.errors import Invalid

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")  # RFC 1123 section 2.1
NAME_MAX = 63
DOMAIN_MAX = 253


def parse_label(field: str, text: str) -> str:
    """Accept a DNS label in lower case, 1..63 characters."""
    if not LABEL.match(text):
        raise Invalid([(field, f"{text!r} is no DNS label: 1 to 63 of a-z, 0-9 and -, no hyphen at either end.")])
    return text


def parse_domain(field: str, text: str) -> str:
    """Accept a DNS domain in lower case, without a trailing dot."""
    if len(text) > DOMAIN_MAX or not all(LABEL.match(label) for label in text.split(".")):
        raise Invalid([(field, f"{text!r} is no DNS domain. Write it like lab.internal.")])
    return text


def parse_host(field: str, text: str) -> str:
    """Accept a host name or a bare IP address, the form an endpoint has."""
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    host = text.lower()
    if len(host) > DOMAIN_MAX or not all(LABEL.match(label) for label in host.split(".")) or host[-1].isdigit():
        raise Invalid([(field, f"{text!r} is no host name or IP address. Give the host alone, without a port.")])
    return host


def parse_address(field: str, text: str) -> str:
    """Accept an IP address, and return its canonical text."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise Invalid([(field, f"{text!r} is no IP address.")]) from None


def parse_name(field: str, text: str) -> str:
    """Accept any one-line text of 1..63 characters."""
    name = text.strip()
    if not 1 <= len(name) <= NAME_MAX:
        raise Invalid([(field, f"A name has 1 to {NAME_MAX} characters.")])
    if not name.isprintable():
        raise Invalid([(field, "A name is one line of printable characters.")])
    return name


def label_of(name: str) -> str:
    """Derive the DNS label of a peer's name.

    Equal names give equal labels, so a unique label makes the name unique too. A name
    without any ASCII letter or digit gets a label from its hash.
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    label = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:NAME_MAX].strip("-")
    return label or f"x{hashlib.sha256(name.encode()).hexdigest()[:12]}"
