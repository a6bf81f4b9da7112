"""Assertions that agents sign with their device key, as JWTs (RFC 7519, EdDSA of RFC 8037)."""

import base64
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.ports.identity import Assertion
from chalicelib.wire.agent import ASSERTION_ALGORITHM, ASSERTION_AUDIENCE, ASSERTION_LIFETIME_S

LEEWAY_S = 60
LONGEST_ID = 128  # of a network, a peer, an assertion: they become keys of items
NO_ASSERTION = "This is no assertion of an agent."
REQUIRED = ["sub", "network_id", "aud", "iat", "exp", "jti"]


Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID, pattern=r"\A[\x21-\x7e]+\Z")]


class _Claims(msgspec.Struct, frozen=True):
    """The claims with the types that RFC 7519 gives them; PyJWT also takes numbers that stand in strings."""

    sub: Text
    network_id: Text
    jti: Text
    aud: str | list[str]
    iat: float
    exp: float
    nbf: float | msgspec.UnsetType = msgspec.UNSET


class JwtAssertions:
    def claimed(self, assertion: str) -> Agent:
        try:
            claims = _typed(jwt.decode(assertion, options={"verify_signature": False}))
        except (jwt.InvalidTokenError, TypeError) as error:
            raise Unauthenticated(NO_ASSERTION) from error
        return Agent(NetworkId(claims.network_id), PeerId(claims.sub))

    def verify(self, assertion: str, device_key: str) -> Assertion:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(device_key))
        try:
            signed = jwt.decode(
                assertion,
                key,
                algorithms=[ASSERTION_ALGORITHM],
                audience=ASSERTION_AUDIENCE,
                leeway=LEEWAY_S,
                options={"require": REQUIRED},
            )
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            raise Unauthenticated("The assertion's time does not fit. Check this host's clock.") from error
        except (jwt.InvalidTokenError, OverflowError) as error:  # PyJWT makes an int of infinity
            raise Unauthenticated("The assertion is not signed by this peer's device key.") from error
        claims = _typed(signed)
        if claims.exp - claims.iat > ASSERTION_LIFETIME_S:
            raise Unauthenticated(f"An assertion lives at most {ASSERTION_LIFETIME_S} s.")
        return Assertion(claims.jti, datetime.fromtimestamp(claims.exp + LEEWAY_S, UTC))


def _typed(claims: dict[str, Any]) -> _Claims:
    """Raises Unauthenticated: a claim is missing, or of another type."""
    try:
        return msgspec.convert(claims, _Claims)
    except msgspec.ValidationError as error:
        raise Unauthenticated(NO_ASSERTION) from error
