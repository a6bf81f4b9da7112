"""Whether an identity provider and the settings for it fit, as findings for an administrator."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.adapters.identity.oidc_issuer import advice
from chalicelib.adapters.identity.oidc_keys import Discovery, Fetch, discovered
from chalicelib.adapters.identity.signing_keys import ALGORITHMS, signing_keys
from chalicelib.domain.errors import listed
from chalicelib.domain.identity.errors import IdentityProviderUnreachable
from chalicelib.ports.identity import Finding
from chalicelib.settings import Oidc

TAKEN = ", ".join(ALGORITHMS)


def findings(settings: Oidc, fetch: Fetch) -> list[Finding]:
    """The first error that hides the rest ends the list."""
    if not settings.issuer:
        return [
            Finding(
                "no_issuer",
                "error",
                "The deployment names no identity provider, so nobody can sign in.",
                "Set OidcIssuer and OidcClientId, or deploy with the stack's own pool.",
            )
        ]
    try:
        found = discovered(settings.discovery_url, fetch)
    except IdentityProviderUnreachable:
        return [
            Finding(
                "discovery",
                "error",
                f"There is no discovery document at {settings.discovery_url}: it did not answer within 5 s with a JSON "
                "object that has issuer and jwks_uri.",
                "Open the address in a browser; set OidcIssuer, or OidcDiscoveryUrl where it is not below the issuer.",
            )
        ]
    return [
        Finding("discovery", "ok", f"The discovery document is at {settings.discovery_url}"),
        _issuer(settings, found),
        _keys(found, fetch),
        *_sign_in(found.said),
        _groups(settings, found.said),
        _administrator(settings, found.said),
    ]


def _issuer(settings: Oidc, found: Discovery) -> Finding:
    if found.issuer == settings.issuer:
        return Finding("issuer", "ok", f"The issuer is {found.issuer}")
    told = f"The deployment is configured for the issuer {settings.issuer}, and the document says {found.issuer}"
    return Finding("issuer", "error", told, advice(settings.issuer, found.issuer))


def _keys(found: Discovery, fetch: Fetch) -> Finding:
    try:
        keys = signing_keys(fetch(found.keys_url).get("keys"))
    except IdentityProviderUnreachable:
        message = f"The keys at {found.keys_url} could not be read."
        return Finding("keys", "error", message, "Have the provider serve them there to everybody, by https.")
    able = sorted({algorithm for algorithm in ALGORITHMS if any(key.fits(algorithm) for key in keys)})
    if not able:
        message = f"None of the keys at {found.keys_url} can be used: {TAKEN} are, with RSA keys of 2048 bits or more."
        return Finding("keys", "error", message, "Have the provider sign with one of these algorithms.")
    named = listed([repr(key.id) if key.id else "one without kid" for key in keys])
    message = f"{len(keys)} keys can be used ({named}), for {', '.join(able)}"
    return Finding("keys", "ok", message)


def _sign_in(said: Mapping[str, Any]) -> list[Finding]:
    """What the document says, where it does, of algorithms and of the way the console signs people in."""
    found = []
    algorithms = _texts(said, "id_token_signing_alg_values_supported")
    if algorithms is not None and not set(algorithms) & set(ALGORITHMS):
        message = f"The provider says that it signs with {listed(algorithms)}; {TAKEN} are taken."
        found.append(Finding("algorithms", "error", message, "Choose one of these for this client at the provider."))
    elif algorithms is not None:
        found.append(Finding("algorithms", "ok", f"The provider says that it signs with {listed(algorithms)}"))
    responses = _texts(said, "response_types_supported")
    if responses is not None and "code" not in responses:
        message = f"The provider says that it answers with {listed(responses)}, not with a code."
        found.append(Finding("authorization_code", "error", message, "Allow the authorization code flow."))
    challenges = _texts(said, "code_challenge_methods_supported")
    if challenges is not None and "S256" not in challenges:
        message = "The provider says that it does not take PKCE with S256, which the console sends."
        found.append(Finding("pkce", "error", message, "Allow PKCE (S256) for this client."))
    return found


def _groups(settings: Oidc, said: Mapping[str, Any]) -> Finding:
    claim, claims = settings.groups_claim, _texts(said, "claims_supported")
    mapped = settings.group_roles
    roles = f"{len(mapped)} groups of OidcGroupRoles give a role" if mapped else "groups named wirety-ROLE give it"
    if claims is None or claim in claims or claim.partition(".")[0] in claims:
        return Finding("groups_claim", "ok", f"Groups are read from the claim {claim!r}; {roles}")
    return Finding(
        "groups_claim",
        "warning",
        f"Groups are read from the claim {claim!r}, which the provider does not list among its claims; {roles}",
        "Where nobody gets a role by their groups: have the provider add the claim to this client's tokens, or name "
        "the one that it sends in OidcGroupsClaim.",
    )


def _administrator(settings: Oidc, said: Mapping[str, Any]) -> Finding:
    named = settings.administrator
    if not named:
        message = "No administrator is named: roles come from groups, records and the default."
        return Finding("administrator", "ok", message)
    claims = _texts(said, "claims_supported")
    if "@" in named and claims is not None and "email_verified" not in claims:
        return Finding(
            "administrator",
            "warning",
            f"The administrator is named as {named}. If that is an e-mail address, it names nobody unless the provider "
            "says that it is verified, and it does not list email_verified among its claims.",
            "Name the administrator by the subject, which the refusal at their sign-in tells.",
        )
    return Finding("administrator", "ok", f"The administrator is named as {named}")


def _texts(said: Mapping[str, Any], name: str) -> Sequence[str] | None:
    """A list of the document, None where it says none."""
    found = said.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else None
