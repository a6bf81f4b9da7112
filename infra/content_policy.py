"""What the console's page may load and ask, as its Content-Security-Policy: the same here and on AWS."""

import json
import urllib.request
from collections.abc import Iterable
from urllib.parse import urlsplit

from chalicelib.adapters.identity.oidc_issuer import advice

NONCE = "__CSP_NONCE__"  # in the page and in the policy: anew in each answer
ASKED = ("token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint")
ANSWER_WITHIN_S = 30


class NoIdentityProvider(Exception):
    """The provider's discovery document could not be read, so nobody could sign in."""


def content_policy(identity_origins: Iterable[str], nonce: str = NONCE) -> str:
    """`identity_origins`: the hosts at which the browser signs in, besides the console's own."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "manifest-src 'self'",
            " ".join(("connect-src 'self'", *identity_origins)),
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def identity_origins(discovery_url: str, issuer: str | None = None) -> tuple[str, ...]:
    """The hosts that a browser asks while it signs in. `issuer`: as configured, None: whichever.

    Raises:
        NoIdentityProvider: it does not answer, or not with a discovery document, or with that of another issuer.
    """
    try:
        with urllib.request.urlopen(discovery_url, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310 the operator's own setting
            document = json.load(answer)
        asked = {name: document[name] for name in ASKED if name in document or name == "token_endpoint"}
        urls = [urlsplit(url) for url in (discovery_url, *asked.values())]
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise NoIdentityProvider(
            f"the identity provider has no discovery document at {discovery_url}: {error}"
        ) from error
    said = document.get("issuer")
    if issuer is not None and said != issuer:
        raise NoIdentityProvider(
            f"the identity provider's discovery document at {discovery_url} says the issuer {said}, and {issuer} is "
            f"configured. {advice(issuer, str(said))}"
        )
    return tuple(sorted({f"{url.scheme}://{url.netloc}" for url in urls}))
