"""An authority of a test's own, the certificates it issues, and a server that shows one."""

import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.agent.listener import Listener

VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates but what the test names."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@dataclass
class Authority:
    """`file`: its own certificate. Certificates and keys lie in `directory`."""

    directory: Path
    name: str = "Corp Inspection CA"
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.file = self.directory / "authority.pem"
        own = self._builder(self.name, self._key.public_key(), timedelta(days=-9), timedelta(days=99))
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certificate(
        self,
        *hosts: str,
        begins: timedelta = timedelta(days=-1),
        ends: timedelta = timedelta(days=1),
        subject: str = "vpn",
    ) -> Path:
        """A file with a certificate for these hosts and its key; times from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(subject, key.public_key(), begins, ends)
        made = made.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        file = self.directory / f"{len(list(self.directory.iterdir()))}.chain"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        return file

    def _builder(
        self, subject: str, key: ec.EllipticCurvePublicKey, begins: timedelta, ends: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
        )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def answer_ok(connection: socket.socket) -> None:
    """To each request of a connection."""
    while connection.recv(65_536):
        connection.sendall(OK)


@dataclass
class SecureServer(Listener):
    """TLS on loopback with a certificate; `serve` gets each connection that shook hands."""

    certificate: Path
    serve: Callable[[socket.socket], None] = answer_ok
    host: str = "127.0.0.1"
    scheme = "https"

    def __post_init__(self) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate)

    def take(self, connection: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self.serve(secured)
        except OSError:
            return
