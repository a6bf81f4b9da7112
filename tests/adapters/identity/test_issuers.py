"""Issuers that nearly are the configured one, and what an administrator learns of a provider."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.identity.oidc import OidcTokens
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.domain.identity.errors import IssuerDiffers, TokenRefused
from chalicelib.ports.identity import Finding
from chalicelib.settings import Oidc, settings_from
from tests.adapters.identity_provider import KEYS, IdentityProvider, jwk, oidc_settings

AUTHENTIK = "https://idp.example/application/o/wirety"
ENTRA = "https://login.example/TENANT/v2.0"


@pytest.mark.parametrize(
    ("configured", "said", "advice"),
    [
        (AUTHENTIK, f"{AUTHENTIK}/", f"slash at the end: set OidcIssuer to {AUTHENTIK}/"),
        (f"{AUTHENTIK}/", AUTHENTIK, f"slash at the end: set OidcIssuer to {AUTHENTIK}"),
        (
            "https://login.example/common/v2.0",
            "https://login.example/{tenantid}/v2.0",
            "set OidcIssuer to the issuer of your own tenant",
        ),
        ("https://a.example", "https://b.example", "set OidcIssuer to https://b.example"),
    ],
    ids=["a slash more", "a slash less", "all tenants", "another host"],
)
def test_a_document_of_another_issuer_is_refused_with_both_names_and_what_to_change(
    provider: IdentityProvider, settings: Oidc, clock: SteppedClock, configured: str, said: str, advice: str
) -> None:
    provider.issuer = said
    tokens = OidcTokens(replace(settings, issuer=configured), clock)

    with pytest.raises(IssuerDiffers) as refused:
        tokens.verify(provider.token(iss=configured))
    (issuer,) = [finding for finding in tokens.findings() if finding.code == "issuer"]

    assert configured in str(refused.value)
    assert said in str(refused.value)
    assert advice in str(refused.value)
    assert (issuer.level, advice in issuer.remedy) == ("error", True)


@pytest.mark.parametrize(
    ("configured", "said", "version", "advice"),
    [
        (ENTRA, "https://sts.example/TENANT/", "1.0", "set requestedAccessTokenVersion to 2"),
        (AUTHENTIK, f"{AUTHENTIK}/", None, "slash at the end"),
        ("https://accounts.google.com", "accounts.google.com", None, "without https://"),
        (ENTRA, "https://login.example/OTHER/v2.0", "2.0", "If that is the provider you mean"),
    ],
    ids=["a token of version 1", "a slash more", "no scheme", "another tenant"],
)
def test_a_token_of_another_issuer_is_refused_with_both_names_and_asks_for_no_keys(
    provider: IdentityProvider,
    settings: Oidc,
    clock: SteppedClock,
    configured: str,
    said: str,
    version: str | None,
    advice: str,
) -> None:
    tokens = OidcTokens(replace(settings, issuer=configured), clock)

    with pytest.raises(TokenRefused) as refused:
        tokens.verify(provider.token(iss=said, ver=version))

    assert refused.value.reason == "issuer"
    assert refused.value.facts == {"configured": configured, "token_issuer": said, "ver": version}
    assert advice in str(refused.value)
    assert provider.requests == []


def test_a_document_that_is_mended_counts_after_the_pause(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    good, provider.issuer = provider.issuer, f"{provider.issuer}/"
    for _ in range(3):
        with pytest.raises(IssuerDiffers):
            tokens.verify(provider.token(iss=good))
    assert provider.requests == ["/discovery"]

    provider.issuer = good
    clock.advance(timedelta(seconds=30))
    assert tokens.verify(provider.token()).subject == "ana"


def found(tokens: OidcTokens) -> dict[str, Finding]:
    return {finding.code: finding for finding in tokens.findings()}


def levels(tokens: OidcTokens) -> dict[str, str]:
    return {code: finding.level for code, finding in found(tokens).items()}


def test_a_provider_that_fits_is_found_to(provider: IdentityProvider, tokens: OidcTokens) -> None:
    provider.keys.append(jwk("ed", KEYS["ed"]))

    assert levels(tokens) == {
        "discovery": "ok",
        "issuer": "ok",
        "keys": "ok",
        "groups_claim": "ok",
        "administrator": "ok",
    }
    assert found(tokens)["keys"].message == "3 keys can be used ('rsa', 'ec', 'ed'), for ES256, EdDSA, RS256"
    assert not any(finding.remedy for finding in tokens.findings())


def test_a_deployment_without_a_provider_is_found_to_have_none(clock: SteppedClock) -> None:
    assert levels(OidcTokens(settings_from({}).oidc, clock)) == {"no_issuer": "error"}


def test_a_provider_that_does_not_answer_is_the_one_finding(provider: IdentityProvider, tokens: OidcTokens) -> None:
    provider.is_down = True

    assert levels(tokens) == {"discovery": "error"}
    assert f"{provider.url}/discovery" in found(tokens)["discovery"].message


@pytest.mark.parametrize(
    ("document", "settings", "code", "level"),
    [
        ({"jwks_uri": "https://127.0.0.1:1/none"}, {}, "keys", "error"),
        ({"id_token_signing_alg_values_supported": ["PS256", "HS256"]}, {}, "algorithms", "error"),
        ({"id_token_signing_alg_values_supported": ["RS256", "HS256"]}, {}, "algorithms", "ok"),
        ({"response_types_supported": ["id_token"]}, {}, "authorization_code", "error"),
        ({"code_challenge_methods_supported": ["plain"]}, {}, "pkce", "error"),
        ({"claims_supported": ["sub"]}, {"OIDC_GROUPS_CLAIM": "groups"}, "groups_claim", "warning"),
        ({"claims_supported": ["realm_access"]}, {"OIDC_GROUPS_CLAIM": "realm_access.roles"}, "groups_claim", "ok"),
        ({"claims_supported": ["email"]}, {"ADMINISTRATOR": "ops@example.org"}, "administrator", "warning"),
        ({"claims_supported": ["email_verified"]}, {"ADMINISTRATOR": "ops@example.org"}, "administrator", "ok"),
        ({"claims_supported": ["email"]}, {"ADMINISTRATOR": "AAAAAentra"}, "administrator", "ok"),
    ],
)
def test_what_a_provider_says_of_itself_is_held_against_the_settings(
    provider: IdentityProvider,
    clock: SteppedClock,
    document: dict[str, Any],
    settings: dict[str, str],
    code: str,
    level: str,
) -> None:
    said = {"issuer": provider.issuer, "jwks_uri": f"{provider.url}/jwks", **document}
    provider.raw["/discovery"] = json.dumps(said).encode()

    finding = found(OidcTokens(oidc_settings(provider, **settings), clock))[code]

    assert (finding.level, bool(finding.remedy)) == (level, level != "ok")


def test_keys_of_which_none_can_be_used_are_an_error(provider: IdentityProvider, tokens: OidcTokens) -> None:
    provider.keys = [jwk("rsa", KEYS["rsa"], use="enc"), {"kty": "AKP", "alg": "ML-DSA-44"}]

    assert levels(tokens)["keys"] == "error"


def test_to_examine_a_provider_asks_it_anew_and_twice(provider: IdentityProvider, tokens: OidcTokens) -> None:
    for _ in range(2):
        tokens.findings()

    assert provider.requests == ["/discovery", "/jwks"] * 2
