"""Published keys, and which of them a token's algorithm can be checked with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}  # RFC 7518 section 3.4
RSA = ("RS256", "RS384", "RS512")
EDWARDS = "EdDSA"  # RFC 8037 section 3.1
ALGORITHMS = (*RSA, *CURVES, EDWARDS)
DECLARED_AS = {EDWARDS: (EDWARDS, "Ed25519")}  # RFC 9864 section 2.2 names the curve
MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
KINDS = ("RSA", "EC", "OKP")
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`id`, `algorithm`: as its owner declares them, None where not said."""

    id: str | None
    algorithm: str | None
    key: PublicKey

    def fits(self, algorithm: str) -> bool:
        """The key's kind, and its own word on the algorithm, against that of a token."""
        if self.algorithm is not None and self.algorithm not in DECLARED_AS.get(algorithm, (algorithm,)):
            return False
        if algorithm in RSA:
            return isinstance(self.key, RSAPublicKey) and self.key.key_size >= MIN_RSA_BITS
        if algorithm in CURVES:
            return isinstance(self.key, EllipticCurvePublicKey) and self.key.curve.name == CURVES[algorithm]
        return algorithm == EDWARDS and isinstance(self.key, Ed25519PublicKey)


def fitting(keys: Sequence[SigningKey], key_id: str | None, algorithm: str) -> Sequence[SigningKey]:
    """The keys to try.

    The id narrows, then kind and algorithm choose (RFC 7517 section 4.5). Where the token or the keys name no id, one
    key must fit alone: a provider has to name ids where it has several (OpenID Connect Core 1.0 section 10.1).
    """
    able = [key for key in keys if key.fits(algorithm)]
    if named := [key for key in able if key.id is not None and key.id == key_id]:
        return named
    unnamed = [key for key in able if key_id is None or key.id is None]
    return unnamed if len(unnamed) == 1 else []


def signing_keys(published: object) -> tuple[SigningKey, ...]:
    """Of a JWK set's `keys`, those that tokens may be checked with; other kinds and uses are passed over."""
    items = published if isinstance(published, list) else []
    found = (_signing_key(item) for item in items if isinstance(item, dict))
    return tuple(key for key in found if key is not None)


def _signing_key(item: Mapping[str, Any]) -> SigningKey | None:
    uses, kind = item.get("key_ops", ["verify"]), item.get("kty")
    if item.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses or kind not in KINDS:
        return None
    key_id, algorithm = item.get("kid"), item.get("alg")
    try:
        # without its algorithm, which PyJWT would have to know: one key may be published for several
        made = jwt.PyJWK.from_dict({name: value for name, value in item.items() if name != "alg"}).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if not isinstance(made, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        return None  # a private key, or another curve
    return SigningKey(_text(key_id), _text(algorithm), made)


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
