"""What is fetched of a provider: how often, within which bounds, and what of it is believed."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.identity import oidc_keys
from chalicelib.adapters.identity.oidc import OidcTokens
from chalicelib.adapters.identity.oidc_keys import MAX_ANSWER_BYTES, PART_BYTES, fetch_json
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.errors import IdentityProviderUnreachable, IssuerDiffers
from chalicelib.settings import Oidc
from tests.adapters.identity_provider import KEYS, IdentityProvider, jwk


def test_keys_are_fetched_once_and_again_after_an_hour(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    for _ in range(3):
        tokens.verify(provider.token())
    assert provider.requests == ["/discovery", "/jwks"]

    clock.advance(timedelta(hours=1))
    tokens.verify(provider.token())
    assert provider.requests == ["/discovery", "/jwks"] * 2


def test_a_new_key_is_learnt_by_one_fetch(provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock) -> None:
    tokens.verify(provider.token())
    clock.advance(timedelta(minutes=1))
    provider.keys = [jwk("other", KEYS["other"])]

    tokens.verify(provider.token("other"))

    assert provider.requests.count("/jwks") == 2
    with pytest.raises(Unauthenticated):
        tokens.verify(provider.token())  # the old key is gone


def test_a_storm_of_unknown_keys_causes_one_fetch(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    tokens.verify(provider.token())
    clock.advance(timedelta(minutes=1))

    def refused(n: int) -> bool:
        with pytest.raises(Unauthenticated):
            tokens.verify(provider.token(headers={"kid": f"unknown {n % 20}"}))
        return True

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(refused, range(200)))

    assert provider.requests.count("/jwks") == 2
    tokens.verify(provider.token())


def test_an_unknown_key_is_not_asked_for_again_for_a_minute(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    def asked_after(pause: timedelta) -> int:
        clock.advance(pause)
        with pytest.raises(Unauthenticated):
            tokens.verify(provider.token("other"))
        return provider.requests.count("/jwks")

    assert [asked_after(timedelta(seconds=pause)) for pause in (0, 59, 1)] == [1, 1, 2]


def test_many_who_ask_at_once_for_the_first_time_cause_one_fetch(
    provider: IdentityProvider, tokens: OidcTokens
) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda _: tokens.verify(provider.token()).subject == "ana", range(50)))

    assert provider.requests.count("/jwks") == 1


def test_a_provider_that_is_down_hurts_nobody_whose_key_is_known(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    tokens.verify(provider.token())
    provider.is_down = True
    clock.advance(timedelta(hours=2))

    assert tokens.verify(provider.token()).subject == "ana"


def test_a_key_that_cannot_be_asked_for_is_no_refusal_of_the_person(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    tokens.verify(provider.token())
    provider.is_down = True
    clock.advance(timedelta(minutes=1))

    for _ in range(2):
        with pytest.raises(IdentityProviderUnreachable):
            tokens.verify(provider.token("other"))
    assert provider.requests.count("/discovery") == 2


def test_a_provider_that_was_never_reached_is_said_and_asked_again_later(
    provider: IdentityProvider, tokens: OidcTokens, clock: SteppedClock
) -> None:
    provider.is_down = True
    for _ in range(5):
        with pytest.raises(IdentityProviderUnreachable):
            tokens.verify(provider.token())
    assert len(provider.requests) == 1

    provider.is_down = False
    clock.advance(timedelta(seconds=30))
    assert tokens.verify(provider.token()).subject == "ana"


def test_a_discovery_document_of_another_issuer_is_not_believed(
    provider: IdentityProvider, settings: Oidc, clock: SteppedClock
) -> None:
    tokens = OidcTokens(replace(settings, issuer="https://other.example.com"), clock)

    with pytest.raises(IssuerDiffers, match=r"configured for the issuer https://other\.example\.com.*says https://idp"):
        tokens.verify(provider.token(iss="https://other.example.com"))


@pytest.mark.parametrize("url", ["http://idp.example.com/", "file:///etc/passwd", "ftp://127.0.0.1/", ""])
def test_documents_are_fetched_by_https_or_from_loopback_only(url: str) -> None:
    with pytest.raises(IdentityProviderUnreachable):
        fetch_json(url)


def test_a_redirect_is_not_followed(provider: IdentityProvider) -> None:
    assert fetch_json(f"{provider.url}/discovery")["issuer"] == provider.issuer

    with pytest.raises(IdentityProviderUnreachable):
        fetch_json(f"{provider.url}/moved")


@pytest.mark.parametrize("extra", [0, 1])
def test_an_answer_is_read_up_to_a_size(provider: IdentityProvider, extra: int) -> None:
    provider.raw["/big"] = b'{"a": 1}'.ljust(MAX_ANSWER_BYTES + extra)

    if extra:
        with pytest.raises(IdentityProviderUnreachable):
            fetch_json(f"{provider.url}/big")
    else:
        assert fetch_json(f"{provider.url}/big") == {"a": 1}


def test_an_answer_that_drips_is_given_up(provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.raw["/slow"] = b'{"a": 1}'.ljust(PART_BYTES * 3)
    assert fetch_json(f"{provider.url}/slow") == {"a": 1}

    monkeypatch.setattr(oidc_keys, "WHOLE_ANSWER_S", -1)
    with pytest.raises(IdentityProviderUnreachable):
        fetch_json(f"{provider.url}/slow")


@pytest.mark.parametrize("raw", [b"[]", b"{", b"\xff", b"null"])
def test_what_is_no_json_object_is_no_answer(provider: IdentityProvider, raw: bytes) -> None:
    provider.raw["/odd"] = raw

    with pytest.raises(IdentityProviderUnreachable):
        fetch_json(f"{provider.url}/odd")


@pytest.mark.parametrize("keys", [None, "none", [7], [{"kty": "RSA"}], [{"kty": "oct", "k": "YQ", "kid": "rsa"}]])
def test_keys_that_are_none_are_passed_over(provider: IdentityProvider, tokens: OidcTokens, keys: Any) -> None:
    provider.raw["/jwks"] = json.dumps({"keys": keys}).encode()

    with pytest.raises(Unauthenticated):
        tokens.verify(provider.token())
