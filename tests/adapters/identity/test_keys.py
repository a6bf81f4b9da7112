"""Keys as providers publish them: which of them a token is checked with."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from chalicelib.adapters.identity.oidc import OidcTokens
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.domain.identity.errors import TokenRefused
from tests.adapters.identity_provider import KEYS, IdentityProvider, jwk

Published = dict[str, Any]

WHOLE = rsa.generate_private_key(65537, 2048)
SMALL = rsa.generate_private_key(65537, 1024)
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
KOBLITZ = ec.generate_private_key(ec.SECP256K1())
SIGNERS: dict[str, Any] = {**KEYS, "p384": P384, "p521": P521, "small": SMALL, "whole": WHOLE, "koblitz": KOBLITZ}
ML_DSA = {"kid": "p", "kty": "AKP", "alg": "ML-DSA-44", "pub": "YQ"}
X25519 = {"kid": "k1", "kty": "OKP", "crv": "X25519", "x": "A" * 43}


def rsa_key(**fields: object) -> Published:
    return jwk("k1", KEYS["rsa"], **fields)


def signed(idp: IdentityProvider, signer: str, algorithm: str, key_id: str | None) -> str:
    return jwt.encode(idp.claims(), SIGNERS[signer], algorithm, None if key_id is None else {"kid": key_id})


GOOD: dict[str, tuple[Sequence[Published], tuple[str, str, str | None]]] = {
    "RS256": ([rsa_key()], ("rsa", "RS256", "k1")),
    "RS384": ([rsa_key()], ("rsa", "RS384", "k1")),
    "RS512": ([rsa_key(alg="RS512")], ("rsa", "RS512", "k1")),
    "ES256": ([jwk("k1", KEYS["ec"])], ("ec", "ES256", "k1")),
    "ES384": ([jwk("k1", P384, alg="ES384")], ("p384", "ES384", "k1")),
    "ES512": ([jwk("k1", P521)], ("p521", "ES512", "k1")),
    "EdDSA": ([jwk("k1", KEYS["ed"])], ("ed", "EdDSA", "k1")),
    "EdDSA that says so": ([jwk("k1", KEYS["ed"], alg="EdDSA", use="sig")], ("ed", "EdDSA", "k1")),
    "EdDSA by the name of its curve": ([jwk("k1", KEYS["ed"], alg="Ed25519")], ("ed", "EdDSA", "k1")),
    "one id for two algorithms": ([rsa_key(alg="RS256"), rsa_key(alg="PS256")], ("rsa", "RS256", "k1")),
    "one id to sign and to encrypt": (
        [rsa_key(use="sig", alg="RS256"), rsa_key(use="enc", alg="RSA-OAEP")],
        ("rsa", "RS256", "k1"),
    ),
    "one id of RSA and EC, the RSA key": ([rsa_key(), jwk("k1", KEYS["ec"])], ("rsa", "RS256", "k1")),
    "one id of RSA and EC, the EC key": ([rsa_key(), jwk("k1", KEYS["ec"])], ("ec", "ES256", "k1")),
    "one id of two RSA keys": ([rsa_key(), jwk("k1", KEYS["other"])], ("other", "RS256", "k1")),
    "one id of RSA and Ed25519": ([rsa_key(), jwk("k1", KEYS["ed"])], ("ed", "EdDSA", "k1")),
    "unknown kinds beside, and certificates": (
        [jwk("e", KEYS["ed"]), ML_DSA, rsa_key(x5c=["MIIB"], x5t="abc", key_ops=["verify"])],
        ("rsa", "RS256", "k1"),
    ),
    "a key agreement beside, of one id": ([X25519, rsa_key()], ("rsa", "RS256", "k1")),
    "no id of the token": ([rsa_key(use="sig", alg="RS256")], ("rsa", "RS256", None)),
    "no id of the key": ([rsa_key(kid=None)], ("rsa", "RS256", "k1")),
    "no id of either": ([rsa_key(kid=None)], ("rsa", "RS256", None)),
    "no id of the token, and one key of its kind": ([rsa_key(), jwk("e", KEYS["ed"])], ("ed", "EdDSA", None)),
    "no id of the token, and one of its algorithm": (
        [rsa_key(alg="RS256"), jwk("k2", KEYS["other"], alg="RS512")],
        ("rsa", "RS256", None),
    ),
    "no id of the key, and others with theirs": (
        [rsa_key(kid=None), jwk("k2", KEYS["other"])],
        ("rsa", "RS256", "k1"),
    ),
}


@pytest.mark.parametrize("order", [1, -1], ids=["in this order", "in the other"])
@pytest.mark.parametrize(("published", "signature"), GOOD.values(), ids=GOOD.keys())
def test_a_token_is_accepted_by_the_key_that_fits(
    provider: IdentityProvider,
    tokens: OidcTokens,
    published: Sequence[Published],
    signature: tuple[str, str, str | None],
    order: int,
) -> None:
    provider.keys = list(published)[::order]

    assert tokens.verify(signed(provider, *signature)).subject == "ana"


def okp(key: Ed448PrivateKey) -> Published:
    return {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1"}


BAD: dict[str, tuple[Sequence[Published], tuple[str, str, str | None], str]] = {
    "no id of the token, and two keys that fit": (
        [rsa_key(), jwk("k2", KEYS["other"])],
        ("rsa", "RS256", None),
        "no_key_id_and_not_one_key",
    ),
    "no id of two keys that fit": (
        [rsa_key(kid=None), jwk("", KEYS["other"], kid=None)],
        ("rsa", "RS256", "k1"),
        "unknown_key",
    ),
    "no id of the token, and a key of another": ([rsa_key()], ("other", "RS256", None), "signature"),
    "no id of the key, which is another's": ([rsa_key(kid=None)], ("other", "RS256", "k1"), "signature"),
    "an id that no key has": ([rsa_key()], ("rsa", "RS256", "k2"), "unknown_key"),
    "no key at all": ([], ("rsa", "RS256", "k1"), "unknown_key"),
    "one id of two keys, signed by a third": (
        [rsa_key(), jwk("k1", KEYS["ec"])],
        ("other", "RS256", "k1"),
        "signature",
    ),
    "a key that is for encryption": ([rsa_key(use="enc")], ("rsa", "RS256", "k1"), "unknown_key"),
    "a key that may only encrypt": ([rsa_key(key_ops=["encrypt"])], ("rsa", "RS256", "k1"), "unknown_key"),
    "a key of another algorithm": ([rsa_key(alg="RS512")], ("rsa", "RS256", "k1"), "unknown_key"),
    "a key of PS256": ([rsa_key(alg="PS256")], ("rsa", "RS256", "k1"), "unknown_key"),
    "PS256": ([rsa_key()], ("rsa", "PS256", "k1"), "algorithm"),
    "a curve of another use": ([jwk("k1", KOBLITZ)], ("koblitz", "ES256K", "k1"), "algorithm"),
    "EdDSA by an RSA key": ([rsa_key()], ("ed", "EdDSA", "k1"), "unknown_key"),
    "EdDSA by a key of key agreement": ([X25519], ("ed", "EdDSA", "k1"), "unknown_key"),
    "an RSA key of 1024 bits": ([jwk("k1", SMALL)], ("small", "RS256", "k1"), "unknown_key"),
    "a key that is published whole": (
        [{**RSAAlgorithm.to_jwk(WHOLE, as_dict=True), "kid": "k1"}],
        ("whole", "RS256", "k1"),
        "unknown_key",
    ),
    "a key with a secret's kind": ([{"kty": "oct", "k": "YQ", "kid": "k1"}], ("rsa", "RS256", "k1"), "unknown_key"),
}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
@pytest.mark.parametrize(("published", "signature", "reason"), BAD.values(), ids=BAD.keys())
def test_a_token_is_refused_where_no_key_or_not_one_fits(
    provider: IdentityProvider,
    tokens: OidcTokens,
    published: Sequence[Published],
    signature: tuple[str, str, str | None],
    reason: str,
) -> None:
    provider.keys = list(published)

    with pytest.raises(TokenRefused) as refused:
        tokens.verify(signed(provider, *signature))

    assert refused.value.reason == reason


def test_an_ed448_key_is_passed_over(provider: IdentityProvider, tokens: OidcTokens) -> None:
    own = Ed448PrivateKey.generate()
    provider.keys = [okp(own)]

    with pytest.raises(TokenRefused):
        tokens.verify(jwt.encode(provider.claims(), own, "EdDSA", {"kid": "k1"}))


def test_a_key_without_an_id_that_was_replaced_is_learnt_by_one_fetch(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    provider.keys = [rsa_key(kid=None)]
    tokens.verify(signed(provider, "rsa", "RS256", None))
    provider.keys = [jwk("", KEYS["other"], kid=None)]
    clock.advance(timedelta(seconds=30))

    for _ in range(2):
        assert tokens.verify(signed(provider, "other", "RS256", None)).subject == "ana"

    assert provider.requests.count("/jwks") == 2


def test_forged_tokens_without_an_id_cause_one_fetch_in_half_a_minute(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    provider.keys = [rsa_key(kid=None)]

    def asked_after(pause: timedelta) -> int:
        clock.advance(pause)
        for _ in range(5):
            with pytest.raises(TokenRefused):
                tokens.verify(signed(provider, "other", "RS256", None))
        return provider.requests.count("/jwks")

    assert [asked_after(timedelta(seconds=pause)) for pause in (0, 29, 1)] == [1, 1, 2]


def test_many_algorithms_without_an_id_cause_no_more_fetches(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    provider.keys = []
    forges: list[Callable[[], str]] = [
        lambda: signed(provider, "rsa", "RS256", None),
        lambda: signed(provider, "ec", "ES256", None),
        lambda: signed(provider, "ed", "EdDSA", None),
    ]

    for forge in forges * 3:
        with pytest.raises(TokenRefused):
            tokens.verify(forge())

    assert provider.requests.count("/jwks") == 1
