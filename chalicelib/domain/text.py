"""Names and hosts as typed values: nothing that reaches a config file, DNS or a log is raw."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address

from chalicelib.domain.cidr import Address, is_reachable, unmapped
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
SHORT_HASH, LONG_HASH = 8, 12  # hexadecimal digits
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode 16.0 table 4-4
UNSEEN_ALONE = UNSEEN | {"Mn", "Me", "Zs"}
# Joiners between letters of other scripts or emoji (Unicode 16.0 section 23.2), and the tags of a flag (UTS 51, ED-14a)
JOINED = re.compile(
    "(?<=[^\\x00-\\x7f\\u200c\\u200d])[\\u200c\\u200d](?=[^\\x00-\\x7f\\u200c\\u200d])"
    "|(?<=\\U0001f3f4)[\\U000e0020-\\U000e007e]+\\U000e007f"
)
LOCALHOST = "localhost"  # RFC 6761 section 6.3
MULTICAST_DNS = "local"  # RFC 6762 section 3
REACHABLE = "Give the public name or address by which peers find this jump."


def parse_label(field: str, text: str) -> str:
    """Accept a DNS label in lower case, 1..63 characters."""
    if not LABEL.match(text):
        raise Invalid([(field, f"{text!r} is no DNS label: 1 to 63 of a-z, 0-9 and -, no hyphen at either end.")])
    return text


def parse_domain(field: str, text: str) -> str:
    """Accept a DNS domain in lower case, without a trailing dot, that a network can have for itself."""
    labels = text.split(".")
    if len(text) > DOMAIN_MAX or not all(LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise Invalid([(field, f"{text!r} is no DNS domain. Write it like lab.internal.")])
    if labels[-1] in (MULTICAST_DNS, LOCALHOST):
        raise Invalid([(field, f"Machines answer names under .{labels[-1]} themselves. Choose one like lab.internal.")])
    if len(labels) == 1:
        raise Invalid(
            [(field, f"{text} is a top-level domain: all names under it would be hidden. Write {text}.internal.")]
        )
    return text


def hides(domain: str, host: str) -> bool:
    """Whether a host's name is a domain, or lies under it: jumps answer for all names of their network's domain."""
    return f".{host}".endswith(f".{domain}")


def parse_host(field: str, text: str) -> str:
    """Accept a host name or a bare IP address that other machines can reach, the form an endpoint has."""
    if _address(text) is not None:
        return parse_reachable(field, text)
    if WITH_PORT.match(text):
        raise Invalid([(field, f"{field} is a host only; put the port into listen_port or published_port.")])
    host = text.lower()
    labels = host.split(".")
    # RFC 1123 section 2.1: the last label is alphabetic; a number there is read as an address by many
    if len(host) > DOMAIN_MAX or not all(LABEL.match(label) for label in labels) or labels[-1][:1].isdigit():
        raise Invalid([(field, f"{text!r} is no host name or IP address. Give the host alone, without a port.")])
    if LOCALHOST in (labels[0], labels[-1]):  # localhost.localdomain too
        raise Invalid([(field, f"{host} is each machine itself. {REACHABLE}")])
    return host


def parse_reachable(field: str, text: str) -> str:
    """Accept an IP address that other machines can reach; IPv4 written as IPv6 becomes IPv4."""
    address = _parsed_address(field, text)
    if not is_reachable(address):
        raise Invalid([(field, f"No other machine can reach {address}. {REACHABLE}")])
    return str(address)


def is_address(host: str) -> bool:
    """Whether a host is an address, rather than a name that may lead anywhere."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def parse_address(field: str, text: str) -> str:
    """Accept an IP address, and return its canonical text; IPv4 written as IPv6 becomes IPv4."""
    return str(_parsed_address(field, text))


def parse_resolver(field: str, text: str) -> str:
    """Accept the address of a DNS server. Clouds have theirs at link-local IPv4 addresses."""
    address = _parsed_address(field, text)
    if not is_reachable(address) and not (address.version == 4 and address.is_link_local):
        raise Invalid([(field, f"No peer can ask {address} for names. Give the address of a DNS server.")])
    return str(address)


def parse_dns(field: str, texts: Sequence[str], at_most: int) -> tuple[str, ...]:
    """Accept addresses of resolvers and search domains, up to `at_most` of each; the addresses come first.

    Raises:
        Invalid: something else, too many, or domains without any resolver to ask for them.
    """
    is_resolver = [_address(text) is not None for text in texts]
    resolvers = [parse_resolver(f"{field}[{n}]", text) for n, text in enumerate(texts) if is_resolver[n]]
    domains = [parse_domain(f"{field}[{n}]", text) for n, text in enumerate(texts) if not is_resolver[n]]
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
    """Accept what people call a device: one line of 1..63 characters of any script, with something to see in it.

    Returns:
        The name in Unicode's normal form C; each kind of space a plain one, and none at the ends.
    """
    spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in text)
    name = unicodedata.normalize("NFC", spaced).strip()
    if not 1 <= len(name) <= NAME_MAX:
        raise Invalid([(field, f"A name has 1 to {NAME_MAX} characters.")])
    bare = JOINED.sub("", name)
    if any(unicodedata.category(one) in UNSEEN or _is_noncharacter(one) for one in bare):
        raise Invalid([(field, "A name is one line without control characters, marks of direction and loose joiners.")])
    if all(unicodedata.category(one) in UNSEEN_ALONE for one in bare):
        raise Invalid([(field, "A name has something to see in it.")])
    return name


def label_of(name: str) -> str:
    """The DNS label that a peer of this name has when no other has it: its letters and digits, in ASCII.

    Where letters were lost it ends in a hash of the name, so that other names do not lead to it.
    """
    label, is_whole = _folded(name)
    return label if is_whole else hashed_label(name)


def hashed_label(name: str) -> str:
    """The DNS label of a name whose plain one is another peer's: it ends in a hash of the name."""
    label, _ = _folded(name)
    digest = hashlib.sha256(name.encode()).hexdigest()
    if not label:
        return f"x{digest[:LONG_HASH]}"
    return f"{label[: NAME_MAX - SHORT_HASH - 1].strip('-')}-{digest[:SHORT_HASH]}"


def plain_label(name: str) -> str:
    """The label as it was derived before it was stored with its peer, see `Peer.label`."""
    label, _ = _folded(name)
    return label or hashed_label(name)


def _folded(name: str) -> tuple[str, bool]:
    """The letters and digits of a name in ASCII, hyphens for all else; and whether they are all there."""
    decomposed = unicodedata.normalize("NFKD", name)
    label = re.sub(r"[^a-z0-9]+", "-", decomposed.encode("ascii", "ignore").decode().lower()).strip("-")
    lost = any(unicodedata.category(one)[0] in "LN" for one in decomposed if not one.isascii())
    return label[:NAME_MAX].strip("-"), bool(label) and not lost and len(label) <= NAME_MAX


def _is_noncharacter(one: str) -> bool:
    """Unicode 16.0 section 23.7."""
    return ord(one) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(one) <= 0xFDEF


def _parsed_address(field: str, text: str) -> Address:
    address = _address(text)
    if address is None:
        raise Invalid([(field, f"{text!r} is no IP address.")])
    return address


def _address(text: str) -> Address | None:
    """An IP address; one with a zone means something on one machine only, and is none."""
    try:
        return None if "%" in text else unmapped(ip_address(text))
    except ValueError:
        return None
