"""Tokens of people, by OpenID Connect: signature, issuer, audience and time.

The provider's keys are fetched once and kept; an unknown key causes one fetch, however many
ask, and not again soon. A provider that cannot be reached hurts nobody whose key is known.
"""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt
import urllib3
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chalicelib.domain.errors import IdentityProviderUnreachable, Unauthenticated
from chalicelib.domain.user import Claims
from chalicelib.ports import Clock
from chalicelib.settings import Oidc

CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}  # RFC 7518 section 3.4
RSA = frozenset({"RS256", "RS384", "RS512"})
MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
LEEWAY = timedelta(seconds=60)
KEYS_KEPT = timedelta(hours=1)
REFRESH_PAUSE = timedelta(seconds=30)
UNKNOWN_KEPT = timedelta(seconds=60)
MAX_UNKNOWN = 1000
MAX_ANSWER_BYTES = 512 * 1024
HEADERS = {"Accept": "application/json"}
TIMEOUT = urllib3.Timeout(connect=2, read=3)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

NO_TOKEN = "This is no token of the identity provider. Sign in again."  # noqa: S105 a message


class Fetch(Protocol):
    def __call__(self, url: str) -> Mapping[str, Any]:
        """GET a JSON object. Raises IdentityProviderUnreachable."""
        ...


class OidcTokens:
    """Verifies what one provider signed for one client."""

    def __init__(self, settings: Oidc, clock: Clock, fetch: Fetch | None = None) -> None:
        self._settings = settings
        self._keys = KeySet(settings, clock, fetch or fetch_json)

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated, IdentityProviderUnreachable."""
        if not self._settings.issuer:
            raise Unauthenticated("Nobody can sign in here: the deployment names no identity provider.")
        claims = self._decoded(token)
        self._require_for_us(claims)
        return Claims(
            issuer=self._settings.issuer,
            subject=_text(claims["sub"]),
            email=_verified_email(claims),
            name=_optional_text(claims.get("name")),
            groups=_groups(claims.get(self._settings.groups_claim)),
            expires_at=_time(claims["exp"]),
        )

    def _decoded(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg", "")
            if algorithm not in RSA and algorithm not in CURVES:
                raise Unauthenticated(NO_TOKEN)
            key = self._keys.find(_text(header.get("kid")))
            if not _fits(key, algorithm):
                raise Unauthenticated(NO_TOKEN)
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._settings.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "sub", "iss"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The token has expired. Sign in again.") from error
        except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError) as error:
            raise Unauthenticated(NO_TOKEN) from error

    def _require_for_us(self, claims: Mapping[str, Any]) -> None:
        """The audience is ours (or, in Cognito's access tokens, which have none, the client is)."""
        settings, audience = self._settings, claims.get("aud")
        if audience is None:
            is_ours = claims.get("client_id") == settings.client_id and claims.get("token_use") == "access"
        else:
            audiences = [audience] if isinstance(audience, str) else audience
            expected = settings.audience or settings.client_id
            own_use = "access" if settings.audience else "id"
            is_ours = (
                isinstance(audiences, list)
                and expected in audiences
                and (len(audiences) == 1 or claims.get("azp") == settings.client_id)
                and claims.get("token_use", own_use) == own_use
            )
        if not is_ours:
            raise Unauthenticated("The token was issued for another application. Sign in here.")


class KeySet:
    """The provider's signing keys, by id."""

    def __init__(self, settings: Oidc, clock: Clock, fetch: Fetch) -> None:
        self._settings = settings
        self._clock = clock
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._unknown: dict[str, datetime] = {}

    def find(self, key_id: str) -> jwt.PyJWK:
        """Raises Unauthenticated (no such key), IdentityProviderUnreachable (and no key to go by)."""
        if not self._is_fresh() or key_id not in self._keys:
            with self._lock:
                self._learn(key_id)
        found = self._keys.get(key_id)
        if found is None:
            raise Unauthenticated(NO_TOKEN)
        return found

    def _learn(self, key_id: str) -> None:
        """Fetch the keys when that can help; under the lock."""
        now = self._clock.now()
        if self._is_fresh() and (key_id in self._keys or self._is_known_unknown(key_id, now)):
            return
        if self._tried_at is not None and now - self._tried_at < REFRESH_PAUSE:
            if not self._keys:
                raise IdentityProviderUnreachable
            return
        self._tried_at = now
        try:
            self._keys = self._fetched()
            self._fetched_at = now
        except IdentityProviderUnreachable:
            if key_id not in self._keys:
                raise
            return
        if key_id not in self._keys:
            if len(self._unknown) >= MAX_UNKNOWN:
                self._unknown.clear()
            self._unknown[key_id] = now

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and self._clock.now() - self._fetched_at < KEYS_KEPT

    def _is_known_unknown(self, key_id: str, now: datetime) -> bool:
        refused_at = self._unknown.get(key_id)
        return refused_at is not None and now - refused_at < UNKNOWN_KEPT

    def _fetched(self) -> dict[str, jwt.PyJWK]:
        discovery = self._fetch(self._settings.discovery_url)
        if discovery.get("issuer") != self._settings.issuer or not isinstance(discovery.get("jwks_uri"), str):
            raise IdentityProviderUnreachable
        found = self._fetch(discovery["jwks_uri"]).get("keys")
        keys = (_signing_key(item) for item in found if isinstance(item, dict)) if isinstance(found, list) else ()
        return {key.key_id: key for key in keys if key is not None and key.key_id}


def fetch_json(url: str) -> Mapping[str, Any]:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise IdentityProviderUnreachable
    try:
        answer = _POOL.request("GET", url, redirect=False, preload_content=False, headers=HEADERS)
        try:
            body = answer.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        finally:
            answer.release_conn()
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
    except jwt.PyJWTError:
        return None


def _fits(key: jwt.PyJWK, algorithm: str) -> bool:
    """The key's kind, and its own word on the algorithm, against the token's header."""
    declared = key._jwk_data.get("alg")
    if declared is not None and declared != algorithm:
        return False
    if algorithm in RSA:
        return isinstance(key.key, RSAPublicKey) and key.key.key_size >= MIN_RSA_BITS
    return isinstance(key.key, EllipticCurvePublicKey) and key.key.curve.name == CURVES[algorithm]


def _text(claim: object) -> str:
    if not isinstance(claim, str) or not claim:
        raise Unauthenticated(NO_TOKEN)
    return claim


def _time(claim: int) -> datetime:
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise Unauthenticated(NO_TOKEN) from error


def _optional_text(claim: object) -> str | None:
    return claim if isinstance(claim, str) and claim else None


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    return _optional_text(claims.get("email")) if claims.get("email_verified") is True else None


def _groups(claim: object) -> frozenset[str]:
    return frozenset(item for item in claim if isinstance(item, str)) if isinstance(claim, list) else frozenset()
