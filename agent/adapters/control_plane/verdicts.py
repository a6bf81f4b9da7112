"""Whose certificate a server shows, and why it was refused: what to do about it is in the words."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from agent.adapters.control_plane.certificates import Store
from agent.plain import plain

# OpenSSL, x509_vfy.h: X509_V_ERR_…
NOT_YET, EXPIRED, OTHER_NAME, OTHER_ADDRESS = 9, 10, 62, 64
UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
MOST_CHARACTERS = 80
MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a server shows it; nobody has vouched for what is in it. `names`: hosts it is for."""

    subject: str
    issuer: str
    names: Sequence[str]
    begins: datetime
    ends: datetime

    @property
    def is_own_issuer(self) -> bool:
        return self.subject == self.issuer


def shown(der: bytes) -> Shown | None:
    """None: it cannot be read."""
    try:
        read = x509.load_der_x509_certificate(der)
        return Shown(
            subject=_named(read.subject),
            issuer=_named(read.issuer),
            names=_names(read),
            begins=read.not_valid_before_utc,
            ends=read.not_valid_after_utc,
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


def refusal(failed: ssl.SSLCertVerificationError, host: str, seen: Shown | None, store: Store) -> str:
    """One sentence: what is wrong with the certificate of `host`, and what to do."""
    code = failed.verify_code
    if code == EXPIRED:
        since = f" on {seen.ends:%Y-%m-%d}" if seen is not None else ""
        return (
            f"the certificate of {host}{_issued(seen)} expired{since}: have it renewed, or set this host's clock,"
            f" which says {_today()}"
        )
    if code == NOT_YET:
        since = f": it begins on {seen.begins:%Y-%m-%d}" if seen is not None else ""
        return (
            f"the certificate of {host}{_issued(seen)} is not valid yet{since}, and this host's clock says {_today()}"
        )
    if code in (OTHER_NAME, OTHER_ADDRESS):
        names = f" but for {', '.join(seen.names[:MOST_NAMES])}" if seen is not None and seen.names else ""
        return f"the certificate is not for {host}{names}: name the server as it does, or give it one for {host}"
    if code in UNKNOWN_ISSUER:
        return (
            f"the certificate of {host} {_by_whom(seen)} not in {store}: if that is your own or your company's, add it"
            " to the system's store, or name its file in SSL_CERT_FILE"
        )
    return f"the certificate of {host}{_issued(seen)} is refused ({plain(failed.verify_message)}), by {store}"


def _by_whom(seen: Shown | None) -> str:
    if seen is None:
        return "is issued by an authority that is"
    if seen.is_own_issuer:
        return f"({seen.subject}) is signed by itself and"
    return f"is issued by {seen.issuer}, an authority that is"


def _issued(seen: Shown | None) -> str:
    return f" (issued by {seen.issuer})" if seen is not None else ""


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _named(name: x509.Name) -> str:
    """By common name, else organisation, else whole."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(kind):
            return plain(str(attribute.value), MOST_CHARACTERS)
    return plain(name.rfc4514_string(), MOST_CHARACTERS) or "nobody"


def _names(read: x509.Certificate) -> Sequence[str]:
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return tuple(plain(host, MOST_CHARACTERS) for host in hosts)
