"""The signing keys of an identity provider: found by discovery, fetched once, kept.

An unknown key causes one fetch, however many ask, and not again soon. A provider that cannot
be reached hurts nobody whose key is known.
"""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import urllib3

from chalicelib.domain.identity.errors import IdentityProviderUnreachable
from chalicelib.ports.outside import Clock

KEYS_KEPT = timedelta(hours=1)
REFRESH_PAUSE = timedelta(seconds=30)
UNKNOWN_KEPT = timedelta(seconds=60)
MAX_UNKNOWN = 1000
MAX_ANSWER_BYTES = 512 * 1024
HEADERS = {"Accept": "application/json"}
TIMEOUT = urllib3.Timeout(connect=2, read=3)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Fetch = Callable[[str], Mapping[str, Any]]
"""GET a JSON object; raises IdentityProviderUnreachable."""


class KeySet:
    """The keys of one issuer by their id, as its discovery document points to them."""

    def __init__(self, issuer: str, discovery_url: str, clock: Clock, fetch: Fetch) -> None:
        self._issuer = issuer
        self._discovery_url = discovery_url
        self._clock = clock
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._is_down = False
        self._unknown: dict[str, datetime] = {}

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """None: the provider has no such key.

        Raises:
            IdentityProviderUnreachable: it is not known, and whether there is one cannot be asked.
        """
        if not self._is_fresh() or key_id not in self._keys:
            with self._lock:
                self._learn(key_id)
        found = self._keys.get(key_id)
        if found is None and self._is_down:
            raise IdentityProviderUnreachable
        return found

    def _learn(self, key_id: str) -> None:
        """Fetch the keys when that can help; under the lock."""
        now = self._clock.now()
        if self._is_fresh() and (key_id in self._keys or self._is_known_unknown(key_id, now)):
            return
        if self._tried_at is not None and now - self._tried_at < REFRESH_PAUSE:
            return
        self._tried_at = now
        try:
            self._keys = self._fetched()
        except IdentityProviderUnreachable:
            self._is_down = True
            return
        self._is_down, self._fetched_at = False, now
        if key_id not in self._keys:
            self._remember_unknown(key_id, now)

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and self._clock.now() - self._fetched_at < KEYS_KEPT

    def _is_known_unknown(self, key_id: str, now: datetime) -> bool:
        refused_at = self._unknown.get(key_id)
        return refused_at is not None and now - refused_at < UNKNOWN_KEPT

    def _remember_unknown(self, key_id: str, now: datetime) -> None:
        if len(self._unknown) >= MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown[key_id] = now

    def _fetched(self) -> dict[str, jwt.PyJWK]:
        discovery = self._fetch(self._discovery_url)
        if discovery.get("issuer") != self._issuer or not isinstance(discovery.get("jwks_uri"), str):
            raise IdentityProviderUnreachable
        found = self._fetch(discovery["jwks_uri"]).get("keys")
        keys = (_signing_key(item) for item in found if isinstance(item, dict)) if isinstance(found, list) else ()
        return {key.key_id: key for key in keys if key is not None and key.key_id}


def fetch_json(url: str) -> Mapping[str, Any]:
    """A JSON object by https, or by http from this machine; no redirect is followed."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise IdentityProviderUnreachable
    try:
        answer = _POOL.request("GET", url, redirect=False, preload_content=False, headers=HEADERS)
        try:
            body = answer.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        finally:
            answer.close()  # not released: the rest of a too large answer would be the next one's beginning
        found = json.loads(body) if answer.status == 200 and len(body) <= MAX_ANSWER_BYTES else None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise IdentityProviderUnreachable from error
    if not isinstance(found, dict):
        raise IdentityProviderUnreachable
    return found


_POOL = urllib3.PoolManager(timeout=TIMEOUT, retries=False)


def _signing_key(item: Mapping[str, Any]) -> jwt.PyJWK | None:
    """None for a key we cannot verify with: of another use or kind."""
    if item.get("use", "sig") != "sig" or item.get("kty") not in ("RSA", "EC"):
        return None
    try:
        return jwt.PyJWK.from_dict(dict(item))
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
