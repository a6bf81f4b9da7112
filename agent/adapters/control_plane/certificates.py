"""Which authorities may vouch for the control plane: those that the host trusts, as its other programs do.

The environment's first, then the system's store, then the one that came along.
"""

import os
import re
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import certifi

NAMED_BY = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Where distributions keep it: Go, crypto/x509, root_linux.go and root_bsd.go. The one-file executable was built
# elsewhere, so that its own library's paths may not be this host's.
SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL 6
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
SYSTEM_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")  # as openssl-rehash(1) names them
CAME_ALONG = "the store that came with the agent"
PEM_SUFFIXES = frozenset({".pem", ".crt", ".cer"})


class StoreUnusable(OSError):
    """The environment names authorities that cannot be read; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Store:
    """`name`: in words. `path` None: the operating system keeps it elsewhere than in files."""

    name: str
    path: Path | None

    def __str__(self) -> str:
        is_telling = self.path is not None and self.name != CAME_ALONG
        return f"{self.name} ({self.path})" if is_telling else self.name


def store() -> Store:
    """The one that counts now.

    Raises:
        StoreUnusable: the environment's is not there.
    """
    for variable in NAMED_BY:
        if named := os.environ.get(variable):
            path = Path(named).expanduser()
            if not path.exists():
                raise StoreUnusable(
                    f"{variable} names {named}, which is not there: name a file or directory of certificates in PEM"
                    f" form, or unset {variable}"
                )
            return Store(f"the store of {variable}", path)
    if sys.platform == "win32":
        return Store("the system's store", None)
    for path in _system_paths():
        if _holds_any(path):
            return Store("the system's store", path.resolve())
    return Store(CAME_ALONG, Path(certifi.where()))


def trust() -> ssl.SSLContext:
    """For every connection, calls and sockets alike; made anew when the store changed.

    Raises:
        StoreUnusable.
    """
    chosen = store()
    return _context(chosen, None if chosen.path is None else chosen.path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _context(chosen: Store, _: int | None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_flags |= ssl.VERIFY_X509_TRUSTED_FIRST
    if chosen.path is None:
        made.load_default_certs()
        return made
    try:
        _load(made, chosen.path)
    except (OSError, ValueError) as unreadable:
        raise StoreUnusable(f"{chosen} holds no certificates in PEM form that can be read") from unreadable
    return made


def _load(into: ssl.SSLContext, path: Path) -> None:
    if not path.is_dir():
        into.load_verify_locations(cafile=path)
        return
    into.load_verify_locations(capath=path)
    if not _is_hashed(path):
        for file in _certificate_files(path):
            into.load_verify_locations(cafile=file)


def _certificate_files(directory: Path) -> Sequence[Path]:
    """Files of a directory that hold certificates; keys lie beside some."""
    found = sorted(path for path in directory.iterdir() if path.suffix in PEM_SUFFIXES and path.is_file())
    kept = [path for path in found if b"-----BEGIN CERTIFICATE" in path.read_bytes()]
    if not kept:
        raise StoreUnusable("no certificates")
    return kept


def _is_hashed(directory: Path) -> bool:
    return any(HASHED.fullmatch(path.name) for path in directory.iterdir())


def _system_paths() -> Sequence[Path]:
    own = ssl.get_default_verify_paths()
    files, directories = [own.openssl_cafile, *SYSTEM_FILES], [own.openssl_capath, *SYSTEM_DIRECTORIES]
    return [*map(Path, files), *map(Path, directories)]


def _holds_any(path: Path) -> bool:
    """Whether it can be read and holds a certificate; an image without `ca-certificates` has an empty directory."""
    try:
        return _is_hashed(path) if path.is_dir() else b"-----BEGIN " in path.read_bytes()[:65_536]
    except OSError:
        return False
