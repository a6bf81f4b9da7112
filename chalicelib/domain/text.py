"""Names and hosts as typed values: nothing that reaches a config file, DNS or a log is raw."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ids import PrincipalId

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")  # RFC 1123 section 2.1
WITH_PORT = re.compile(r"([^:\s]+|\[[^\]\s]+\]):[0-9]{1,5}\Z")
OWNER = re.compile(r"usr_[a-z2-7]{26}\Z")
NAME_MAX = 63
DOMAIN_MAX = 253
TAGS_MAX = 16
METADATA_MAX = 16
VALUE_MAX = 255
NOTE_MAX = 500


def parse_label(field: str, text: str) -> str:
    """Accept a DNS label in lower case, 1..63 characters."""
    if not LABEL.match(text):
        raise Invalid([(field, f"{text!r} is no DNS label: 1 to 63 of a-z, 0-9 and -, no hyphen at either end.")])
    return text


def parse_domain(field: str, text: str) -> str:
    """Accept a DNS domain in lower case, without a trailing dot."""
    labels = text.split(".")
    if len(text) > DOMAIN_MAX or not all(LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise Invalid([(field, f"{text!r} is no DNS domain. Write it like lab.internal.")])
    return text


def parse_host(field: str, text: str) -> str:
    """Accept a host name or a bare IP address, the form an endpoint has."""
    if (address := _address(text)) is not None:
        return address
    if WITH_PORT.match(text):
        raise Invalid([(field, f"{field} is a host only; put the port into listen_port or published_port.")])
    host = text.lower()
    labels = host.split(".")
    # RFC 1123 section 2.1: the last label is alphabetic; a number there is read as an address by many
    if len(host) > DOMAIN_MAX or not all(LABEL.match(label) for label in labels) or labels[-1][:1].isdigit():
        raise Invalid([(field, f"{text!r} is no host name or IP address. Give the host alone, without a port.")])
    return host


def parse_address(field: str, text: str) -> str:
    """Accept an IP address, and return its canonical text."""
    if (address := _address(text)) is None:
        raise Invalid([(field, f"{text!r} is no IP address.")])
    return address


def parse_dns(field: str, texts: Sequence[str], at_most: int) -> tuple[str, ...]:
    """Accept addresses of resolvers and search domains, up to `at_most` of each; the addresses come first.

    Raises:
        Invalid: something else, too many, or domains without any resolver to ask for them.
    """
    known = [(text, _address(text)) for text in texts]
    resolvers = [address for _, address in known if address is not None]
    domains = [parse_domain(f"{field}[{n}]", text) for n, (text, address) in enumerate(known) if address is None]
    if len(resolvers) > at_most or len(domains) > at_most:
        raise Invalid([(field, f"At most {at_most} addresses and {at_most} search domains.")])
    if domains and not resolvers:
        raise Invalid([(field, "Search domains stand beside the address of a resolver: put one before them.")])
    return (*resolvers, *domains)


def parse_tag(field: str, text: str) -> str:
    """Accept a tag: a DNS label, so that rules can name it."""
    if not LABEL.match(text):
        raise Invalid([(field, f"{text!r} is no tag: 1 to 63 of a-z, 0-9 and -, no hyphen at either end.")])
    return text


def parse_tags(field: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Accept up to TAGS_MAX tags; equal ones are one."""
    tags = tuple(sorted({parse_tag(f"{field}[{n}]", text) for n, text in enumerate(texts)}))
    if len(tags) > TAGS_MAX:
        raise Invalid([(field, f"A peer has at most {TAGS_MAX} tags.")])
    return tags


def parse_metadata(field: str, pairs: Mapping[str, str]) -> Mapping[str, str]:
    """Accept up to METADATA_MAX pairs of printable text, keys of 1..63 and values of up to 255 characters."""
    if len(pairs) > METADATA_MAX:
        raise Invalid([(field, f"At most {METADATA_MAX} pairs.")])
    for key, value in pairs.items():
        if not (1 <= len(key) <= NAME_MAX and key.isprintable()):
            raise Invalid([(field, f"{key!r} is no key: 1 to {NAME_MAX} printable characters.")])
        if not (len(value) <= VALUE_MAX and (value.isprintable() or not value)):
            raise Invalid([(f"{field}.{key}", f"A value has at most {VALUE_MAX} printable characters.")])
    return dict(sorted(pairs.items()))


def parse_note(field: str, text: str | None) -> str | None:
    """Accept a note of up to NOTE_MAX characters in one line; empty is none."""
    note = (text or "").strip()
    if len(note) > NOTE_MAX or not note.isprintable():
        raise Invalid([(field, f"A note is one line of at most {NOTE_MAX} printable characters.")])
    return note or None


def parse_owner(field: str, text: str) -> PrincipalId:
    """Accept the id of a person."""
    if not OWNER.match(text):
        raise Invalid([(field, f"{text!r} is no person's id. Write it like usr_4h2k….")])
    return PrincipalId(text)


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


def _address(text: str) -> str | None:
    """Canonical text of an IP address; one with a zone means something on one machine only, and is none."""
    try:
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None
