"""Assertions that agents sign with their device key, as JWTs (RFC 7519, EdDSA of RFC 8037)."""

import base64
from datetime import UTC, datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.principal import Agent
from chalicelib.ports import Assertion
from chalicelib.wire.agent import ASSERTION_ALGORITHM, ASSERTION_AUDIENCE, ASSERTION_LIFETIME_S

LEEWAY_S = 60
LONGEST_ID = 128  # of a network, a peer, an assertion: they become keys of items
REQUIRED = ["sub", "network_id", "aud", "iat", "exp", "jti"]


class JwtAssertions:
    def claimed(self, assertion: str) -> Agent:
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False, "require": REQUIRED})
            return Agent(NetworkId(_text(claims["network_id"])), PeerId(_text(claims["sub"])))
        except (jwt.InvalidTokenError, TypeError) as error:
            raise Unauthenticated("This is no assertion of an agent.") from error

    def verify(self, assertion: str, device_key: str) -> Assertion:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(device_key))
        try:
            claims = jwt.decode(
                assertion,
                key,
                algorithms=[ASSERTION_ALGORITHM],
                audience=ASSERTION_AUDIENCE,
                leeway=LEEWAY_S,
                options={"require": REQUIRED},
            )
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            raise Unauthenticated("The assertion's time does not fit. Check this host's clock.") from error
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("The assertion is not signed by this peer's device key.") from error
        if claims["exp"] - claims["iat"] > ASSERTION_LIFETIME_S:
            raise Unauthenticated(f"An assertion lives at most {ASSERTION_LIFETIME_S} s.")
        return Assertion(_text(claims["jti"]), datetime.fromtimestamp(claims["exp"] + LEEWAY_S, UTC))


def _text(claim: object) -> str:
    if not isinstance(claim, str) or not 1 <= len(claim) <= LONGEST_ID or not claim.isascii():
        raise Unauthenticated("This is no assertion of an agent.")
    return claim
