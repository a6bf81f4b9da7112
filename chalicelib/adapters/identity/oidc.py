"""Tokens of people, by OpenID Connect: signature, issuer, audience and time."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import jwt
from jwt.types import Options

from chalicelib.adapters.identity.oidc_check import findings
from chalicelib.adapters.identity.oidc_claims import NO_TOKEN, claims_of, text_of, time_of
from chalicelib.adapters.identity.oidc_issuer import advice
from chalicelib.adapters.identity.oidc_keys import Fetch, KeySet, fetch_json
from chalicelib.adapters.identity.signing_keys import ALGORITHMS, SigningKey
from chalicelib.domain.identity.errors import TokenRefused
from chalicelib.domain.identity.user import Claims
from chalicelib.ports.identity import Finding
from chalicelib.ports.outside import Clock
from chalicelib.settings import Oidc

LEEWAY = timedelta(seconds=60)
CHECKED_BY_PYJWT: Options = {  # not the time, as it knows no Clock; nor issuer and audience, which have rules of ours
    "require": ["exp", "sub", "iss"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
}


class OidcTokens:
    """Verifies what one provider signed for one client."""

    def __init__(self, settings: Oidc, clock: Clock, fetch: Fetch = fetch_json) -> None:
        self._settings = settings
        self._clock = clock
        self._fetch = fetch
        self._keys = KeySet(settings.issuer, settings.discovery_url, clock, fetch)

    def verify(self, token: str) -> Claims:
        """Raises TokenRefused, IssuerDiffers, IdentityProviderUnreachable."""
        if not self._settings.issuer:
            raise TokenRefused("no_issuer", "Nobody can sign in here: the deployment names no identity provider.")
        claims = self._decoded(token)
        self._require_for_us(claims)
        self._require_now(claims)
        return claims_of(claims, self._settings)

    def findings(self) -> list[Finding]:
        return findings(self._settings, self._fetch)

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims that the issuer signed, whenever and for whomever."""
        try:
            header = jwt.get_unverified_header(token)
            unproved = jwt.decode(token, options={"verify_signature": False})
            algorithm, key_id = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS:
                raise TokenRefused("algorithm", NO_TOKEN, alg=algorithm, taken=ALGORITHMS)
            self._require_issuer(unproved)  # before the key: a provider's name must not cause a call
            keys = self._keys.find(key_id, algorithm)
            if not keys:
                reason = "unknown_key" if key_id is not None else "no_key_id_and_not_one_key"
                raise TokenRefused(reason, NO_TOKEN, kid=key_id, alg=algorithm)
            claims = _signed_by(keys, token, algorithm)
            if claims is None and key_id is None:
                claims = _signed_by(self._keys.find_newer(algorithm), token, algorithm)
        except (jwt.InvalidTokenError, TypeError, ValueError) as error:
            raise TokenRefused("malformed", NO_TOKEN) from error
        if claims is None:
            raise TokenRefused("signature", NO_TOKEN, kid=key_id, alg=algorithm)
        return claims

    def _require_issuer(self, claims: Mapping[str, Any]) -> None:
        configured, said = self._settings.issuer, text_of(claims.get("iss"))
        if said != configured:
            version = claims.get("ver")
            told = f"The token is of the issuer {said}, and this deployment takes those of {configured}. "
            raise TokenRefused(
                "issuer",
                told + advice(configured, said, version),
                configured=configured,
                token_issuer=said,
                ver=version,
            )

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
            said = {"aud": audience, "azp": claims.get("azp"), "token_use": claims.get("token_use")}
            raise TokenRefused(
                "audience",
                "The token was issued for another application. Sign in here.",
                expected=settings.audience or settings.client_id,
                **said,
            )

    def _require_now(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now()
        if time_of(claims["exp"]) <= now - LEEWAY:
            raise TokenRefused("expired", "The token has expired. Sign in again.")
        for name in ("nbf", "iat"):
            if name in claims and time_of(claims[name]) > now + LEEWAY:
                raise TokenRefused(
                    "not_valid_yet", "The token is not valid yet: the identity provider's clock is ahead.", claim=name
                )


def _signed_by(keys: Iterable[SigningKey], token: str, algorithm: str) -> dict[str, Any] | None:
    """The claims, if one of the keys signed them. Raises jwt.InvalidTokenError: they are not whole."""
    for key in keys:
        try:
            return jwt.decode(token, key.key, algorithms=[algorithm], options=CHECKED_BY_PYJWT)
        except jwt.InvalidSignatureError:
            continue
    return None
