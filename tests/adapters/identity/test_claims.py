"""What providers say of a person, in the forms in which they say it, and the role that comes of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.identity.oidc import OidcTokens
from chalicelib.adapters.memory.clock_and_chance import SteppedClock
from chalicelib.domain.identity.errors import NotInvited
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Admission, admitted, seen
from tests.adapters.identity_provider import IdentityProvider, oidc_settings

OPS = "ops@example.org"
GUID = "3f2b6c1e-0000-4000-8000-000000000001"
LEFT_OUT = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example/x"}}}
COGNITO = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a"


@dataclass(frozen=True)
class Case:
    """`role`: what comes of the claims, "" for none; `why`: the doubts beside it."""

    claims: dict[str, Any]
    role: str = ""
    why: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    default: Role | None = None
    issuer: str = "https://idp.example.com"


def groups(said: object, role: str = "", *why: str, claim: str = "groups", roles: str = "") -> Case:
    return Case({claim: said}, role, why, {"OIDC_GROUPS_CLAIM": claim, "OIDC_GROUP_ROLES": roles})


def nested(claim: str, claims: dict[str, Any], role: str = "", *why: str) -> Case:
    return Case(claims, role, why, {"OIDC_GROUPS_CLAIM": claim})


NOTHING = "no_groups"
UNKNOWN = "no_group_gives_a_role"
UNVERIFIED = "email_not_verified"
OVERAGE = "groups_left_out"
CASES = {
    "an e-mail that the provider does not vouch for": Case({"email": OPS}, "", (NOTHING, UNVERIFIED)),
    "an e-mail that is not verified": Case({"email": OPS, "email_verified": False}, "", (NOTHING, UNVERIFIED)),
    "an unverified e-mail of a member by default": Case({"email": OPS}, "member", (UNVERIFIED,), default=Role.MEMBER),
    "an unverified e-mail of who has a group": Case({"email": OPS, "groups": ["wirety-auditor"]}, "auditor"),
    "an e-mail verified in text": Case({"email": OPS, "email_verified": "true"}, "", (NOTHING, UNVERIFIED)),
    "an e-mail verified in text by Cognito": Case(
        {"email": OPS, "email_verified": "true"}, "administrator", issuer=COGNITO
    ),
    "an e-mail not verified in text by Cognito": Case(
        {"email": OPS, "email_verified": "false"}, "", (NOTHING, UNVERIFIED), issuer=COGNITO
    ),
    "another text by Cognito": Case(
        {"email": OPS, "email_verified": "True"}, "", (NOTHING, UNVERIFIED), issuer=COGNITO
    ),
    "text by a host that only looks like Cognito's": Case(
        {"email": OPS, "email_verified": "true"},
        "",
        (NOTHING, UNVERIFIED),
        issuer="https://idp.example.com/cognito-idp.eu-west-1",
    ),
    "an e-mail verified by a number": Case({"email": OPS, "email_verified": 1}, "", (NOTHING, UNVERIFIED)),
    "an e-mail in another case": Case({"email": "Ops@Example.ORG", "email_verified": True}, "administrator"),
    "another e-mail": Case({"email": "eve@example.org", "email_verified": True}, "", (NOTHING,)),
    "a subject": Case({"sub": OPS}, "administrator"),
    "a subject in another case": Case({"sub": OPS.upper()}, "", (NOTHING,)),
    "one group as text": groups("wirety-operator", "operator"),
    "several groups in one text": groups("staff,wirety-operator", "", UNKNOWN),
    "several groups in one text, by spaces": groups("wirety-operator wirety-administrator", "", UNKNOWN),
    "groups of null": groups(None, "", NOTHING),
    "groups of an empty text": groups("", "", NOTHING),
    "groups of a number": groups(5, "", NOTHING),
    "groups of true": groups(True, "", NOTHING),
    "groups of an object": groups({"wirety-administrator": True}, "", NOTHING),
    "an empty list": groups([], "", NOTHING),
    "a list in a list": groups([["wirety-operator"]], "", NOTHING),
    "a mixed list": groups(["wirety-operator", 7, None, {}], "operator"),
    "several groups": groups(["wirety-member", "wirety-operator", "staff"], "operator"),
    "groups that give nothing": groups(["staff", "Wirety-Operator"], "", UNKNOWN),
    "groups left out": Case(LEFT_OUT, "", (OVERAGE,), default=Role.MEMBER),
    "groups left out, implicitly": Case({"hasgroups": True}, "", (OVERAGE,), default=Role.MEMBER),
    "groups left out, implicitly, as text": Case({"hasgroups": "true"}, "", (OVERAGE,), default=Role.MEMBER),
    "groups left out of a path": Case(
        {"_claim_names": {"realm_access": "src1"}},
        "",
        (OVERAGE,),
        {"OIDC_GROUPS_CLAIM": "realm_access.roles"},
        Role.MEMBER,
    ),
    "groups left out of the administrator's token": Case(
        {**LEFT_OUT, "email": OPS, "email_verified": True}, "administrator", (OVERAGE,)
    ),
    "groups left out, where roles count": Case(
        {**LEFT_OUT, "roles": ["wirety-operator"]}, "operator", (), {"OIDC_GROUPS_CLAIM": "roles"}
    ),
    "groups left out, where roles count and there are none": Case(
        LEFT_OUT, "member", (), {"OIDC_GROUPS_CLAIM": "roles"}, Role.MEMBER
    ),
    "another claim left out": Case({"_claim_names": {"address": "src1"}}, "member", (), default=Role.MEMBER),
    "no groups, and it says so": Case({"hasgroups": False}, "member", (), default=Role.MEMBER),
    "names of left out claims in another form": Case({"_claim_names": "groups"}, "member", (), default=Role.MEMBER),
    "a top-level path": groups(["/wirety-operator"], "operator"),
    "a path below another": groups(["/contractors/wirety-administrator"], "", UNKNOWN),
    "a path without a slash before it": groups(["contractors/wirety-administrator"], "", UNKNOWN),
    "a path with two slashes": groups(["//wirety-administrator"], "", UNKNOWN),
    "a path with a slash at its end": groups(["/wirety-administrator/"], "", UNKNOWN),
    "a path that is mapped whole": groups(["/staff/net"], "operator", roles="operator=/staff/net"),
    "the leaf of a path that is mapped": groups(["net"], "", UNKNOWN, roles="operator=/staff/net"),
    "a top-level path that is mapped without its slash": groups(["/net"], "operator", roles="operator=net"),
    "a name that is mapped with a slash": groups(["net"], "operator", roles="operator=/net"),
    "an id that is mapped": groups([GUID], "operator", roles=f"operator={GUID}"),
    "an id that is not": groups([GUID], "", UNKNOWN),
    "several ids of which two are mapped": groups(
        [GUID, "2", "3"], "administrator", roles=f"operator={GUID};administrator=2"
    ),
    "the usual name where others are mapped": groups(["wirety-administrator"], "", UNKNOWN, roles="operator=staff"),
    "a distinguished name": groups(["CN=net,OU=groups"], "auditor", roles="auditor=CN=net,OU=groups"),
    "another claim": groups(["wirety-operator"], "operator", claim="roles"),
    "a nested claim": nested("realm_access.roles", {"realm_access": {"roles": ["wirety-operator"]}}, "operator"),
    "a nested claim of one text": nested("realm_access.roles", {"realm_access": {"roles": "wirety-member"}}, "member"),
    "a claim nested twice": nested(
        "resource_access.console.roles", {"resource_access": {"console": {"roles": ["wirety-auditor"]}}}, "auditor"
    ),
    "a claim nested in a name with dots": nested(
        "resource_access.console.example.org.roles",
        {"resource_access": {"console.example.org": {"roles": ["wirety-auditor"]}}},
        "auditor",
    ),
    "a flat claim whose name is a path": nested(
        "realm_access.roles",
        {"realm_access.roles": ["wirety-member"], "realm_access": {"roles": ["wirety-administrator"]}},
        "member",
    ),
    "a flat claim that is empty and whose name is a path": nested(
        "realm_access.roles", {"realm_access.roles": [], "realm_access": {"roles": ["wirety-operator"]}}, "", NOTHING
    ),
    "a path through a text": nested("realm_access.roles", {"realm_access": "roles"}, "", NOTHING),
    "a path through a list": nested("realm_access.roles", {"realm_access": [{"roles": "x"}]}, "", NOTHING),
    "a path that ends early": nested("realm_access.roles", {"realm_access": {}}, "", NOTHING),
    "a claim that is a URL": groups(["wirety-operator"], "operator", claim="https://example.org/groups"),
    "Cognito's own claim": groups(["wirety-operator"], "operator", claim="cognito:groups"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_role_comes_of_what_the_provider_says(provider: IdentityProvider, clock: SteppedClock, case: Case) -> None:
    provider.issuer = case.issuer
    settings = oidc_settings(provider, **{"OIDC_GROUPS_CLAIM": "groups", **case.settings})
    claims = OidcTokens(settings, clock).verify(provider.token(**case.claims))
    admission = Admission(OPS, case.default)

    user = seen(None, claims, clock.now())

    if case.role:
        found = admitted(user, claims, admission)
        assert (found.role, tuple(doubt.code for doubt in found.doubts)) == (Role(case.role), case.why)
    else:
        with pytest.raises(NotInvited) as refused:
            admitted(user, claims, admission)
        assert tuple(doubt.code for doubt in refused.value.doubts) == case.why
