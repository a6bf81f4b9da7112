"""Connections to one origin, for calls and sockets alike: dialled, through the environment's proxy, secured by TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from agent.adapters.control_plane.certificates import StoreUnusable, store, trust
from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.proxies import PORTS, Proxy, proxy_of
from agent.adapters.control_plane.reasons import TUNNEL_REFUSED, of_proxy, sentence

LEFT_FOR_LOOK_S = 4.0  # at a certificate that was refused


class Unanswered(Exception):
    """No answer came; the message says why, without URL and header."""


class Silent(Unanswered):
    """Not even a refusal."""


class Connection(HTTPConnection):
    def __init__(self, dialler: Dialler, host: str, port: int, **options: Any) -> None:
        super().__init__(host, port, **options)
        self.dialler = dialler
        self.reached: str | None = None

    def _new_conn(self) -> socket.socket:
        return _dialled(self)


class SecureConnection(Connection, HTTPSConnection):
    """Dialled as `Connection` is, and TLS on top."""


class Deadline:
    """Ends whatever waits for a socket when its time is over, however slowly bytes trickle in."""

    def __init__(self, connected: Callable[[], Any], within_s: float) -> None:
        self.is_over = False
        self._connected = connected
        self._is_done = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, within_s), self._end)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_done = True

    def _end(self) -> None:
        with self._lock:
            if not self._is_done:
                self.is_over = True
                wake(self._connected())


def wake(connected: Any) -> None:
    """End a connection under the thread that reads it, which closing the descriptor would not wake."""
    inner = getattr(connected, "socket", connected)  # of TLS within TLS
    if isinstance(inner, socket.socket):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(inner, socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class Way:
    """To one origin. `proxy` as the environment had it when this was made."""

    server: str
    dialler: Dialler
    proxy: Proxy | None

    @classmethod
    def to(cls, server: str, dialler: Dialler | None = None) -> "Way":
        """Raises SettingsInvalid: the environment's proxy cannot be used."""
        return cls(server, dialler if dialler is not None else Dialler(), proxy_of(server))

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.server).scheme == "https"

    @property
    def is_forwarded(self) -> bool:
        """Whether the proxy takes whole URLs: what is not secret it need not tunnel."""
        return self.proxy is not None and not self.is_secure

    @property
    def host(self) -> str:
        return urlsplit(self.server).hostname or ""

    def login(self) -> dict[str, str]:
        """The proxy's, as a header."""
        if self.proxy is None or self.proxy.login is None:
            return {}
        return urllib3.make_headers(proxy_basic_auth=self.proxy.login)

    def open(self, timeout_s: float, is_tunnelled: bool = False) -> Connection:
        """A connection that stands, TLS included; where an address is silent after it took the connection, by the
        other family. `is_tunnelled`: through a proxy too, whatever it is for.

        Raises:
            Unanswered.
        """
        try:
            context = trust() if self.is_secure or self._has_secure_proxy else None
        except StoreUnusable as unusable:
            raise Unanswered(str(unusable)) from unusable
        is_tunnelled = is_tunnelled or not self.is_forwarded
        if is_tunnelled and self._has_secure_proxy and not self.is_secure:
            raise Unanswered(f"{self.proxy} is spoken to by TLS, and lets through what is TLS too: use https")
        connection = self._made(timeout_s, context, is_tunnelled)
        try:
            return self._opened(connection, timeout_s)
        except Silent:
            if connection.reached is None or not self.dialler.suspect(connection.host, connection.reached):
                raise
        return self._opened(self._made(timeout_s, context, is_tunnelled), timeout_s)

    def certificate(self, timeout_s: float) -> bytes | None:
        """What the server shows, in DER and trusted by nobody; nothing is said on that connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = self._made(timeout_s, context, is_tunnelled=True)
        with Deadline(lambda: connection.sock, 2 * timeout_s):
            failed = _failure(connection)
        secured: Any = connection.sock
        try:
            der: bytes | None = secured.getpeercert(binary_form=True) if failed is None else None
        finally:
            connection.close()
        return der

    def _made(self, timeout_s: float, context: ssl.SSLContext | None, is_tunnelled: bool) -> Connection:
        parts = urlsplit(self.server)
        port = parts.port or PORTS[parts.scheme]
        options: dict[str, Any] = {"timeout": timeout_s}
        if context is not None and (self.is_secure or self._has_secure_proxy):
            options |= {"ssl_context": context, "cert_reqs": context.verify_mode}
        if self.proxy is None:
            kind = SecureConnection if self.is_secure else Connection
            return kind(self.dialler, self.host, port, **options)
        if not is_tunnelled:
            kind = SecureConnection if self._has_secure_proxy else Connection
            return kind(self.dialler, self.proxy.host, self.proxy.port, **options)
        return self._tunnelled(self.proxy, port, options)

    def _tunnelled(self, proxy: Proxy, port: int, options: dict[str, Any]) -> Connection:
        if self._has_secure_proxy:
            url = f"https://{_bracketed(proxy.host)}:{proxy.port}"
            options["proxy_config"] = urllib3.ProxyManager(url, proxy_ssl_context=options["ssl_context"]).proxy_config
        kind = SecureConnection if self.is_secure else Connection
        made = kind(self.dialler, proxy.host, proxy.port, **options)
        made.set_tunnel(self.host, port, self.login(), proxy.scheme)
        return made

    @property
    def _has_secure_proxy(self) -> bool:
        return self.proxy is not None and self.proxy.scheme == "https"

    def _opened(self, connection: Connection, timeout_s: float) -> Connection:
        within_s = 2 * timeout_s
        with Deadline(lambda: connection.sock, within_s) as deadline:
            failed = _failure(connection)
        if failed is None:
            return connection
        reason = f"no answer within {within_s:g} s" if deadline.is_over else self._reason(connection, failed, timeout_s)
        connection.close()
        is_silent = deadline.is_over or isinstance(failed, TimeoutError)
        raise (Silent if is_silent else Unanswered)(reason) from failed

    def _reason(self, connection: Connection, failed: Exception, timeout_s: float) -> str:
        is_at_proxy = self.proxy is not None and not connection.has_connected_to_proxy
        if isinstance(failed, ssl.SSLCertVerificationError):
            return self._refusal(failed, is_at_proxy)
        if self.proxy is not None and (is_at_proxy or TUNNEL_REFUSED.search(str(failed))):
            return of_proxy(self.proxy, failed, timeout_s)
        return sentence(failed, timeout_s)

    def _refusal(self, failed: ssl.SSLCertVerificationError, is_at_proxy: bool) -> str:
        from agent.adapters.control_plane.verdicts import refusal, shown

        if is_at_proxy and self.proxy is not None and self._has_secure_proxy:
            return refusal(failed, self.proxy.host, None, store())
        der = self.certificate(LEFT_FOR_LOOK_S)
        return refusal(failed, self.host, shown(der) if der is not None else None, store())


def _failure(connection: Connection) -> Exception | None:
    """Connect it; None: it stands."""
    try:
        connection.connect()
    except (OSError, HTTPException, HTTPError, ValueError) as failed:  # the latter of odd names
        return failed
    return None


def _dialled(connection: Connection) -> socket.socket:
    timeout = connection.timeout
    assert isinstance(timeout, int | float)
    made = connection.dialler.connect(connection.host, connection.port, timeout)
    connection.reached = made.getpeername()[0]
    return made


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
