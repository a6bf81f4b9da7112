"""Tokens of people, by OpenID Connect: signature, issuer, audience and time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from chalicelib.adapters.identity.oidc_keys import Fetch, KeySet, fetch_json
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.user import Claims
from chalicelib.ports.outside import Clock
from chalicelib.settings import Oidc

CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}  # RFC 7518 section 3.4
RSA = frozenset({"RS256", "RS384", "RS512"})
MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
LEEWAY = timedelta(seconds=60)
CHECKED_BY_PYJWT: Options = {  # not the time, as it knows no Clock; nor the audience, which has more than one rule
    "require": ["exp", "sub", "iss"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}

NO_TOKEN = "This is no token of the identity provider. Sign in again."  # noqa: S105 a message


class OidcTokens:
    """Verifies what one provider signed for one client."""

    def __init__(self, settings: Oidc, clock: Clock, fetch: Fetch = fetch_json) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = KeySet(settings.issuer, settings.discovery_url, clock, fetch)

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated, IdentityProviderUnreachable."""
        if not self._settings.issuer:
            raise Unauthenticated("Nobody can sign in here: the deployment names no identity provider.")
        claims = self._decoded(token)
        self._require_for_us(claims)
        self._require_now(claims)
        return Claims(
            issuer=self._settings.issuer,
            subject=_text(claims["sub"]),
            email=_verified_email(claims),
            name=_optional_text(claims.get("name")),
            groups=_groups(claims.get(self._settings.groups_claim)),
            expires_at=_time(claims["exp"]),
        )

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims that the issuer signed, whenever and for whomever."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in RSA and algorithm not in CURVES:
                raise Unauthenticated(NO_TOKEN)
            key = self._keys.find(_text(header.get("kid")))
            if key is None or not _fits(key, algorithm):
                raise Unauthenticated(NO_TOKEN)
            return jwt.decode(
                token,
                key.key,  # not the JWK, whose algorithm PyJWT guesses when it says none
                algorithms=[algorithm],
                issuer=self._settings.issuer,
                options=CHECKED_BY_PYJWT,
            )
        except (jwt.InvalidTokenError, TypeError, ValueError) as error:
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
                and all(isinstance(one, str) for one in audiences)
                and expected in audiences
                and (len(audiences) == 1 or claims.get("azp") == settings.client_id)
                and claims.get("token_use", own_use) == own_use
            )
        if not is_ours:
            raise Unauthenticated("The token was issued for another application. Sign in here.")

    def _require_now(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now()
        if _time(claims["exp"]) <= now - LEEWAY:
            raise Unauthenticated("The token has expired. Sign in again.")
        for name in ("nbf", "iat"):
            if name in claims and _time(claims[name]) > now + LEEWAY:
                raise Unauthenticated("The token is not valid yet: the identity provider's clock is ahead.")


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


def _time(claim: object) -> datetime:
    """A NumericDate, RFC 7519 section 2."""
    if not isinstance(claim, int | float) or isinstance(claim, bool):
        raise Unauthenticated(NO_TOKEN)
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
