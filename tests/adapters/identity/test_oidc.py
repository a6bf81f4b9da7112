"""Tokens of people over a real key server: what is accepted, and all that is not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.adapters.identity.oidc import OidcTokens
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.domain.errors import Unauthenticated
from chalicelib.settings import Oidc, settings_from
from tests.adapters.identity_provider import KEYS, IdentityProvider, jwk

Forge = Callable[[IdentityProvider], str]


def test_an_id_token_says_who_it_is(provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock) -> None:
    groups: dict[str, Any] = {"cognito:groups": ["wirety-operator"]}
    claims = tokens.verify(provider.token(email="ana@example.com", email_verified=True, name="Ana", **groups))

    assert (claims.issuer, claims.subject, claims.name) == (provider.issuer, "ana", "Ana")
    assert (claims.email, claims.groups) == ("ana@example.com", {"wirety-operator"})
    assert claims.expires_at == clock.now() + timedelta(minutes=5)


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_email_that_is_not_verified_is_none(
    provider: IdentityProvider, tokens: OidcTokens, verified: object
) -> None:
    assert tokens.verify(provider.token(email="ana@example.com", email_verified=verified)).email is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda idp: idp.token("ec", "ES256"),
        lambda idp: idp.token(aud=["console"]),
        lambda idp: idp.token(aud=["console", "other"], azp="console"),
        lambda idp: idp.token(token_use="id"),
        lambda idp: idp.token(aud=None, client_id="console", token_use="access"),
        lambda idp: idp.token(exp=idp.claims()["iat"] - 59),
        lambda idp: idp.token(nbf=idp.claims()["iat"] + 60),
        lambda idp: idp.token(iat=idp.claims()["iat"] + 60),
    ],
    ids=["ec", "a list of one", "azp", "token_use", "cognito access", "leeway exp", "leeway nbf", "leeway iat"],
)
def test_a_good_token_is_accepted(provider: IdentityProvider, tokens: OidcTokens, forge: Forge) -> None:
    assert tokens.verify(forge(provider)).subject == "ana"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES384", "ES512"])
def test_a_key_that_names_no_algorithm_serves_each_of_its_kind(
    provider: IdentityProvider, tokens: OidcTokens, algorithm: str
) -> None:
    curve = ec.SECP384R1() if algorithm == "ES384" else ec.SECP521R1()
    own = KEYS["other"] if algorithm.startswith("RS") else ec.generate_private_key(curve)
    provider.keys.append({name: value for name, value in jwk("own", own).items() if name != "alg"})

    assert tokens.verify(jwt.encode(provider.claims(), own, algorithm, {"kid": "own"})).subject == "ana"


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(idp: IdentityProvider, algorithm: str, key: str = "rsa") -> str:
    return f"{encoded({'alg': algorithm, 'typ': 'JWT', 'kid': key})}.{encoded(idp.claims())}."


def confused(idp: IdentityProvider) -> str:
    """HS256 with the public key as the secret."""
    public = KEYS["rsa"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(idp.claims())}"
    mac = hmac.new(public, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def tampered(idp: IdentityProvider) -> str:
    header, _, signature = idp.token().split(".")
    return f"{header}.{encoded(idp.claims(sub='root'))}.{signature}"


def embedded(idp: IdentityProvider) -> str:
    """A key of the forger's own in the header."""
    own = rsa.generate_private_key(65537, 2048)
    headers = {"kid": "rsa", "jwk": jwk("rsa", own), "jku": f"{idp.url}/evil"}
    return jwt.encode(idp.claims(), own, "RS256", headers)


def weak(idp: IdentityProvider) -> str:
    own = rsa.generate_private_key(65537, 1024)
    idp.keys.append(jwk("weak", own))
    return jwt.encode(idp.claims(), own, "RS256", {"kid": "weak"})


def for_encryption(idp: IdentityProvider) -> str:
    idp.keys.append(jwk("other", KEYS["other"], use="enc"))
    return idp.token("other")


def of_another_curve(idp: IdentityProvider) -> str:
    """ES256 says P-256; signed well, by a key of P-384."""
    own = ec.generate_private_key(ec.SECP384R1())
    idp.keys.append(jwk("p384", own))
    body = f"{encoded({'alg': 'ES256', 'kid': 'p384'})}.{encoded(idp.claims())}"
    r, s = decode_dss_signature(own.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(48) + s.to_bytes(48)
    return f"{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


BAD: dict[str, Forge] = {
    "no signature, alg none": lambda idp: unsigned(idp, "none"),
    "no signature, alg RS256": lambda idp: unsigned(idp, "RS256"),
    "no signature, alg none, an EC key": lambda idp: unsigned(idp, "none", "ec"),
    "EdDSA": lambda idp: unsigned(idp, "EdDSA", "ec") + "YQ",
    "no algorithm's name": lambda idp: unsigned(idp, "", "ec"),
    "the public key as an HMAC secret": confused,
    "a key the provider does not publish": lambda idp: idp.token("other"),
    "another's signature": lambda idp: jwt.encode(idp.claims(), KEYS["other"], "RS256", {"kid": "rsa"}),
    "other claims under a true signature": tampered,
    "a key in its own header": embedded,
    "an RSA key of 1024 bits": weak,
    "a key for encryption": for_encryption,
    "an algorithm the key is not for": lambda idp: idp.token(algorithm="RS512"),
    "PS256": lambda idp: idp.token(algorithm="PS256"),
    "an EC algorithm on an RSA key": lambda idp: idp.token("ec", "ES256", headers={"kid": "rsa"}),
    "an RSA algorithm on an EC key": lambda idp: idp.token(headers={"kid": "ec"}),
    "another curve": of_another_curve,
    "another issuer": lambda idp: idp.token(iss="https://evil.example.com"),
    "an issuer with a slash more": lambda idp: idp.token(iss=idp.issuer + "/"),
    "no issuer": lambda idp: idp.token(iss=None),
    "another audience": lambda idp: idp.token(aud="other"),
    "no audience": lambda idp: idp.token(aud=None),
    "no audience and another client": lambda idp: idp.token(aud=None, client_id="other", token_use="access"),
    "no audience, our client, no access token": lambda idp: idp.token(aud=None, client_id="console", token_use="id"),
    "two audiences, nobody authorized": lambda idp: idp.token(aud=["console", "other"]),
    "two audiences, another authorized": lambda idp: idp.token(aud=["console", "other"], azp="other"),
    "an empty list of audiences": lambda idp: idp.token(aud=[]),
    "a refresh token": lambda idp: idp.token(token_use="refresh"),
    "expired": lambda idp: idp.token(exp=idp.claims()["iat"] - 60),
    "never expires": lambda idp: idp.token(exp=None),
    "expires in words": lambda idp: idp.token(exp="tomorrow"),
    "expires at no number": lambda idp: idp.token(exp=float("nan")),
    "expires at true": lambda idp: idp.token(exp=True),
    "expires in the year 10^15": lambda idp: idp.token(exp=10**18),
    "not valid yet": lambda idp: idp.token(nbf=idp.claims()["iat"] + 61),
    "issued in the future": lambda idp: idp.token(iat=idp.claims()["iat"] + 61),
    "of nobody": lambda idp: idp.token(sub=None),
    "of an empty subject": lambda idp: idp.token(sub=""),
    "an extension that must be understood": lambda idp: idp.token(headers={"crit": ["vip"], "vip": True}),
    "an unencoded payload": lambda idp: idp.token(headers={"crit": ["b64"], "b64": False}),
    "two parts": lambda idp: idp.token().rpartition(".")[0],
    "five parts": lambda idp: idp.token() + ".a.b",
    "no JSON": lambda _: "YQ.YQ.YQ",
    "nothing": lambda _: "..",
}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
@pytest.mark.parametrize("forge", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_refused(provider: IdentityProvider, tokens: OidcTokens, forge: Forge) -> None:
    with pytest.raises(Unauthenticated):
        tokens.verify(forge(provider))


NO_TIMES: list[object] = [True, "9999999999", [], {}, 10**400, float("inf"), float("nan")]
NO_TEXTS: list[object] = [True, 5, [], {}, [5]]


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        *((claim, wrong) for claim in ("exp", "iat", "nbf") for wrong in NO_TIMES),
        *((claim, wrong) for claim in ("sub", "aud", "jti") for wrong in NO_TEXTS),
        *(("aud", ["console", 5]), ("sub", "")),
    ],
)
def test_a_claim_of_another_type_is_refused(
    provider: IdentityProvider, tokens: OidcTokens, claim: str, wrong: object
) -> None:
    changed: dict[str, Any] = {"azp": "console", claim: wrong}

    with pytest.raises(Unauthenticated):
        tokens.verify(provider.token(**changed))


@pytest.mark.parametrize("wrong", [True, 5, [], {}, "x"])
def test_a_claim_that_only_describes_and_is_of_another_type_is_none(
    provider: IdentityProvider, tokens: OidcTokens, wrong: object
) -> None:
    changed: dict[str, Any] = {"email": [wrong], "name": [wrong], "cognito:groups": 5}

    claims = tokens.verify(provider.token(**changed))

    assert (claims.email, claims.name, claims.groups) == (None, None, frozenset())


def test_with_an_audience_only_access_tokens_for_it_count(
    provider: IdentityProvider, settings: Oidc, clock: SteppedClock
) -> None:
    tokens = OidcTokens(replace(settings, audience="https://wirety.example.com"), clock)

    assert tokens.verify(provider.token(aud="https://wirety.example.com", token_use="access")).subject == "ana"
    assert tokens.verify(provider.token(aud="https://wirety.example.com")).subject == "ana"
    for aud, use in (("console", None), ("https://wirety.example.com", "id")):
        with pytest.raises(Unauthenticated):
            tokens.verify(provider.token(aud=aud, token_use=use))


def test_without_an_issuer_nobody_signs_in(provider: IdentityProvider, clock: SteppedClock) -> None:
    with pytest.raises(Unauthenticated, match="no identity provider"):
        OidcTokens(settings_from({}).oidc, clock).verify(provider.token())

    assert provider.requests == []
