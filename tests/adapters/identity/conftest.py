"""A provider on loopback, and what checks its tokens."""

from collections.abc import Iterator

import pytest

from chalicelib.adapters.identity.oidc import OidcTokens
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.settings import Oidc
from tests.adapters.identity_provider import IdentityProvider, identity_provider, oidc_settings


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def provider(clock: SteppedClock) -> Iterator[IdentityProvider]:
    with identity_provider(clock) as running:
        yield running


@pytest.fixture
def settings(provider: IdentityProvider) -> Oidc:
    return oidc_settings(provider)


@pytest.fixture
def tokens(settings: Oidc, clock: SteppedClock) -> OidcTokens:
    return OidcTokens(settings, clock)
