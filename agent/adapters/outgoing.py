"""How the agent reaches out: by urllib3, which `requests` wraps at 8 MB of memory more; proxies and certificates
as every tool takes them from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3.exceptions import HTTPError

from agent.adapters.dialling import Dialler, pool_classes

ALWAYS_SAID = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "wirety-agent"}
NO_RETRY = urllib3.Retry(total=0, redirect=0, raise_on_redirect=False, raise_on_status=False)


class Unanswered(Exception):
    """No answer came; named by what failed, without URL and header."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by any case; `content` uncompressed."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


def certificates() -> str:
    """The file of certificates to trust, for calls and sockets alike."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()


def proxy_of(server: str) -> str | None:
    """The environment's proxy for an origin; None: NO_PROXY names its host, or there is none."""
    parts = urlsplit(server)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def pool(server: str, dialler: Dialler | None = None) -> urllib3.PoolManager:
    """Connections to one origin, kept alive: by the dialler, or through the environment's proxy."""
    parts = urlsplit(server)
    is_tls = parts.scheme == "https"
    options: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED", "ca_certs": certificates()} if is_tls else {}
    proxy = proxy_of(server)
    if proxy is None:
        direct = urllib3.PoolManager(num_pools=1, **options)
        if dialler is not None:
            direct.pool_classes_by_scheme = pool_classes(dialler)
        return direct
    login = urlsplit(proxy)
    named = f"{unquote(login.username)}:{unquote(login.password or '')}" if login.username else None
    headers = urllib3.make_headers(proxy_basic_auth=named) if named else None
    bare = login._replace(netloc=login.netloc.rpartition("@")[2]).geturl()
    return urllib3.ProxyManager(bare, num_pools=1, proxy_headers=headers, **options)


def ask(
    through: urllib3.PoolManager,
    method: str,
    url: str,
    timeouts_s: tuple[float, float],
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One call: no retry, no redirect. `timeouts_s`: to connect, to read.

    Raises:
        Unanswered.
    """
    connect_s, read_s = timeouts_s
    try:
        answer = through.request(
            method,
            url,
            body=body,
            headers={**ALWAYS_SAID, **(headers or {})},
            timeout=urllib3.Timeout(connect=connect_s, read=read_s),
            retries=NO_RETRY,
            redirect=False,
        )
    except (HTTPError, OSError) as failed:
        reason = getattr(failed, "reason", None) or failed
        raise Unanswered(type(reason).__name__) from failed
    return Answer(answer.status, answer.headers, answer.data)
