"""The signing keys of an identity provider: found by discovery, fetched once, kept.

An unknown key causes one fetch, however many ask, and not again soon. A provider that cannot
be reached hurts nobody whose key is known.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import urllib3

from chalicelib.adapters.identity.oidc_issuer import advice
from chalicelib.adapters.identity.signing_keys import SigningKey, fitting, signing_keys
from chalicelib.domain.identity.errors import IdentityProviderUnreachable, IssuerDiffers
from chalicelib.ports.outside import Clock

KEYS_KEPT = timedelta(hours=1)
REFRESH_PAUSE = timedelta(seconds=30)
UNKNOWN_KEPT = timedelta(seconds=60)
MAX_UNKNOWN = 1000
MAX_ANSWER_BYTES = 512 * 1024
PART_BYTES = 64 * 1024
HEADERS = {"Accept": "application/json"}
TIMEOUT = urllib3.Timeout(connect=2, read=3)  # of each part of the answer
WHOLE_ANSWER_S = 5
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Fetch = Callable[[str], Mapping[str, Any]]
"""GET a JSON object; raises IdentityProviderUnreachable."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a provider's openid-configuration says. `said`: all of it."""

    issuer: str
    keys_url: str
    said: Mapping[str, Any]


def discovered(url: str, fetch: Fetch) -> Discovery:
    """Raises IdentityProviderUnreachable: also for a document without issuer or keys."""
    said = fetch(url)
    issuer, keys_url = said.get("issuer"), said.get("jwks_uri")
    if not isinstance(issuer, str) or not isinstance(keys_url, str):
        raise IdentityProviderUnreachable
    return Discovery(issuer, keys_url, said)


class KeySet:
    """The keys of one issuer, as its discovery document points to them."""

    def __init__(self, issuer: str, discovery_url: str, clock: Clock, fetch: Fetch) -> None:
        self._issuer = issuer
        self._discovery_url = discovery_url
        self._clock = clock
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: Sequence[SigningKey] = ()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._fault: IdentityProviderUnreachable | IssuerDiffers | None = None
        self._unknown: dict[tuple[str | None, str], datetime] = {}

    def find(self, key_id: str | None, algorithm: str) -> Sequence[SigningKey]:
        """The keys to try for a token that names this id (None: none) and algorithm; empty: the provider has none.

        Raises:
            IdentityProviderUnreachable: none is known, and whether there is one cannot be asked.
            IssuerDiffers: the provider has another name than is configured.
        """
        found = fitting(self._keys, key_id, algorithm)
        if not found or not self._is_fresh():
            with self._lock:
                self._learn(key_id, algorithm)
            found = fitting(self._keys, key_id, algorithm)
        if not found and self._fault is not None:
            raise self._fault.with_traceback(None)
        return found

    def find_newer(self, algorithm: str) -> Sequence[SigningKey]:
        """The key to try when that of a provider without ids proved wrong; empty: it was not replaced."""
        before = self._keys
        with self._lock:
            if self._keys is before and not self._is_pausing():
                self._renew()
        return () if self._keys is before else fitting(self._keys, None, algorithm)

    def _learn(self, key_id: str | None, algorithm: str) -> None:
        """Fetch the keys when that can help; under the lock."""
        wanted = (key_id, algorithm)
        if self._is_fresh() and (fitting(self._keys, *wanted) or self._is_known_unknown(wanted)):
            return
        if self._is_pausing():
            return
        self._renew()
        if self._fault is None and not fitting(self._keys, *wanted):
            self._remember_unknown(wanted)

    def _renew(self) -> None:
        self._tried_at = self._clock.now()
        try:
            self._keys = self._fetched()
        except (IdentityProviderUnreachable, IssuerDiffers) as fault:
            self._fault = fault
        else:
            self._fault, self._fetched_at = None, self._tried_at

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and self._clock.now() - self._fetched_at < KEYS_KEPT

    def _is_pausing(self) -> bool:
        return self._tried_at is not None and self._clock.now() - self._tried_at < REFRESH_PAUSE

    def _is_known_unknown(self, wanted: tuple[str | None, str]) -> bool:
        refused_at = self._unknown.get(wanted)
        return refused_at is not None and self._clock.now() - refused_at < UNKNOWN_KEPT

    def _remember_unknown(self, wanted: tuple[str | None, str]) -> None:
        if len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown[wanted] = self._clock.now()

    def _fetched(self) -> Sequence[SigningKey]:
        found = discovered(self._discovery_url, self._fetch)
        if found.issuer != self._issuer:
            raise IssuerDiffers(self._issuer, found.issuer, advice(self._issuer, found.issuer))
        return signing_keys(self._fetch(found.keys_url).get("keys"))


def fetch_json(url: str) -> Mapping[str, Any]:
    """A JSON object by https, or by http from this machine; no redirect is followed."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise IdentityProviderUnreachable
    try:
        answer = _POOL.request("GET", url, redirect=False, preload_content=False, headers=HEADERS)
        try:
            body = _read(answer)
        finally:
            answer.close()  # not released: the rest of a too large answer would be the next one's beginning
        found = json.loads(body) if answer.status == 200 and len(body) <= MAX_ANSWER_BYTES else None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise IdentityProviderUnreachable from error
    if not isinstance(found, dict):
        raise IdentityProviderUnreachable
    return found


def _read(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Up to a byte more than the most, and no longer than a whole answer may take: its parts might drip."""
    body, ends_at = b"", time.monotonic() + WHOLE_ANSWER_S
    while len(body) <= MAX_ANSWER_BYTES and (part := answer.read1(PART_BYTES, decode_content=True)):
        body += part
        if time.monotonic() > ends_at:
            raise IdentityProviderUnreachable
    return body


_POOL = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
