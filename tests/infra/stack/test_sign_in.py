"""The pool's first password, another issuer by the environment, and the hosts that a browser asks."""

import json
from collections.abc import Iterator

import pytest

from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from infra.content_policy import NoIdentityProvider, identity_origins
from infra.stack.passwords import CLASSES, new_password
from infra.stack.sign_in import OWN_POOL, Issuer, issuer_from
from tests.adapters.identity_provider import IdentityProvider, identity_provider


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with identity_provider(SteppedClock()) as running:
        yield running


def test_a_first_password_is_long_of_every_class_and_another_each_time() -> None:
    made = [new_password() for _ in range(50)]

    assert len(set(made)) == 50
    assert all(len(password) >= 20 and all(set(kind) & set(password) for kind in CLASSES) for password in made)


def test_without_an_issuer_in_the_environment_the_own_pool_serves() -> None:
    assert issuer_from({"WIRETY_OIDC_CLIENT_ID": "x"}) is None


def test_another_issuer_is_named_by_the_environment() -> None:
    named = {
        "ISSUER": "https://idp",
        "CLIENT_ID": "c",
        "AUDIENCE": "a",
        "ADMINISTRATOR": "ana",
        "GROUPS_CLAIM": "roles",
        "GROUP_ROLES": "operator=staff",
        "SCOPE": "openid groups",
    }

    found = issuer_from({f"WIRETY_OIDC_{name}": value for name, value in named.items()})

    groups = {"groups_claim": "roles", "group_roles": "operator=staff"}
    assert found == Issuer("https://idp", "c", audience="a", administrator="ana", scope="openid groups", **groups)
    assert found.parameters().keys() == OWN_POOL.keys()
    assert found.parameters()["OidcScope"] == "openid groups"


def test_who_names_no_scope_is_asked_for_what_tells_a_person() -> None:
    found = issuer_from({"WIRETY_OIDC_ISSUER": "https://idp"})

    assert found is not None
    assert found.scope == OWN_POOL["OidcScope"] == "openid email profile"


def test_a_browser_asks_the_hosts_of_the_discovery_document(provider: IdentityProvider) -> None:
    document = {
        "jwks_uri": "https://keys.example.com/a",
        "token_endpoint": "https://idp.example.com/token",
        "authorization_endpoint": "https://page.example.com/",
    }
    provider.raw["/d"] = json.dumps(document).encode()

    found = identity_origins(f"{provider.url}/d")

    assert set(found) == {provider.url, "https://keys.example.com", "https://idp.example.com"}


@pytest.mark.parametrize("path", ["/nothing", "/list", "/keys"])
def test_no_discovery_document_is_said_with_its_address(provider: IdentityProvider, path: str) -> None:
    provider.raw.update({"/list": b"[7]", "/keys": b'{"keys": []}'})

    with pytest.raises(NoIdentityProvider, match=f"{provider.url}{path}"):
        identity_origins(provider.url + path)
