"""What the claims of a verified token say of a person: strict where something is vouched for, tolerant in form."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.identity.errors import TokenRefused
from chalicelib.domain.identity.user import GROUP, Claims, lower_email
from chalicelib.settings import ROLES, Oidc, top_level

NO_TOKEN = "This is no token of the identity provider. Sign in again."  # noqa: S105 a message
COGNITO = "cognito-idp."  # how the host of each of its issuers begins
LEFT_OUT_OF = "groups"  # the claim that Microsoft Entra replaces by `hasgroups`


def claims_of(said: Mapping[str, Any], settings: Oidc) -> Claims:
    """Raises TokenRefused: no subject, or no end."""
    email = _optional_text(said.get("email"))
    is_verified = _is_true(said.get("email_verified"), settings.issuer)
    seen = groups_at(said, settings.groups_claim)
    own = own_groups(seen or (), settings.group_roles)
    return Claims(
        issuer=settings.issuer,
        subject=text_of(said["sub"]),
        email=lower_email(email) if email is not None and is_verified else None,
        name=_optional_text(said.get("name")),
        groups=None if seen is None else frozenset(own.values()),
        expires_at=time_of(said["exp"]),
        other_groups=frozenset(seen or ()) - own.keys(),
        unverified_email=None if is_verified else email,
        groups_claim=settings.groups_claim,
        issued_at=None if said.get("iat") is None else time_of(said["iat"]),
    )


def groups_at(said: Mapping[str, Any], claim: str) -> frozenset[str] | None:
    """The groups as they stand in the token; None: the provider left them out, and there may be any.

    A text is a list of one: several providers send one group so. It is not split.

    Source of what tells that they were left out: OpenID Connect Core 1.0 section 5.6.2 (`_claim_names`); Microsoft
    Entra, groups overage claim (`hasgroups`).
    """
    found = _at(said, claim)
    if isinstance(found, str) and found:
        return frozenset({found})
    if isinstance(found, list):
        return frozenset(item for item in found if isinstance(item, str) and item)
    return None if _is_left_out(said, claim) else frozenset()


def own_groups(groups: Collection[str], roles: Mapping[str, str]) -> dict[str, str]:
    """Of the groups that give a role, the name that gives it here: `wirety-` and the role.

    A top-level group may be written with or without the slash before it. A longer path is never cut to its last part:
    whoever may make a group below their own would make administrators.
    """
    named = roles or {f"{GROUP}{role}": role for role in ROLES}
    return {group: f"{GROUP}{named[top_level(group)]}" for group in groups if top_level(group) in named}


def text_of(claim: object) -> str:
    if not isinstance(claim, str) or not claim:
        raise TokenRefused("claim_of_another_type", NO_TOKEN)
    return claim


def time_of(claim: object) -> datetime:
    """A NumericDate, RFC 7519 section 2."""
    if not isinstance(claim, int | float) or isinstance(claim, bool):
        raise TokenRefused("claim_of_another_type", NO_TOKEN)
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise TokenRefused("claim_of_another_type", NO_TOKEN) from error


def _at(said: Mapping[str, Any], path: str) -> Any:
    """The claim of that very name, else the one that the path leads to by dots; names may hold dots themselves."""
    if path in said:
        return said[path]
    for end in (at for at in range(len(path) - 1, 0, -1) if path[at] == "."):
        inner = said.get(path[:end])
        if isinstance(inner, dict) and (found := _at(inner, path[end + 1 :])) is not None:
            return found
    return None


def _is_left_out(said: Mapping[str, Any], claim: str) -> bool:
    elsewhere = said.get("_claim_names")
    names = {claim, claim.partition(".")[0]}
    is_elsewhere = isinstance(elsewhere, dict) and not names.isdisjoint(elsewhere)
    return is_elsewhere or (claim == LEFT_OUT_OF and said.get("hasgroups") in (True, "true"))


def _is_true(verified: object, issuer: str) -> bool:
    """Whether the provider vouches for the address: it says true; Cognito may say it as text, and nobody else."""
    is_cognito = (urlsplit(issuer).hostname or "").startswith(COGNITO)
    return verified is True or (is_cognito and verified == "true")


def _optional_text(claim: object) -> str | None:
    return claim if isinstance(claim, str) and claim else None
