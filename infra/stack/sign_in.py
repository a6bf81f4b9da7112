"""How people sign in to the local system: its own pool with one administrator, or another issuer."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.settings import group_roles_of
from infra.stack.cloud import Cloud
from infra.stack.deploy import client

ADMINISTRATOR = "admin@wirety.local"
GROUP = "wirety-administrator"
SCOPE = "openid email profile"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Another identity provider, as the template's parameters name it."""

    issuer: str
    client_id: str
    discovery_url: str = ""
    audience: str = ""
    administrator: str = ""
    groups_claim: str = "groups"
    group_roles: str = ""
    scope: str = SCOPE

    def parameters(self) -> dict[str, str]:
        return {
            "OidcIssuer": self.issuer,
            "OidcClientId": self.client_id,
            "OidcDiscoveryUrl": self.discovery_url,
            "OidcAudience": self.audience,
            "OidcScope": self.scope,
            "OidcGroupsClaim": self.groups_claim,
            "OidcGroupRoles": self.group_roles,
            "Administrator": self.administrator,
        }


OWN_POOL = {
    "OidcIssuer": "",
    "OidcClientId": "",
    "OidcDiscoveryUrl": "",
    "OidcAudience": "",
    "OidcScope": SCOPE,
    "OidcGroupsClaim": "cognito:groups",
    "OidcGroupRoles": "",
    "Administrator": ADMINISTRATOR,
}


def issuer_from(environment: Mapping[str, str]) -> Issuer | None:
    """The issuer that WIRETY_OIDC_* name; None for the system's own pool. Raises InvalidSetting."""
    issuer = environment.get("WIRETY_OIDC_ISSUER")
    if not issuer:
        return None
    group_roles = environment.get("WIRETY_OIDC_GROUP_ROLES", "")
    group_roles_of(group_roles)  # refused here rather than by each function
    return Issuer(
        issuer=issuer,
        client_id=environment.get("WIRETY_OIDC_CLIENT_ID", ""),
        discovery_url=environment.get("WIRETY_OIDC_DISCOVERY_URL", ""),
        audience=environment.get("WIRETY_OIDC_AUDIENCE", ""),
        administrator=environment.get("WIRETY_OIDC_ADMINISTRATOR", ""),
        groups_claim=environment.get("WIRETY_OIDC_GROUPS_CLAIM", "groups"),
        group_roles=group_roles,
        scope=environment.get("WIRETY_OIDC_SCOPE", SCOPE),
    )


def make_administrator(cloud: Cloud, pool_id: str, password: str) -> None:
    """Have the administrator in the pool with this password, as the template does on AWS by invitation."""
    cognito = client(cloud, "cognito-idp")
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=ADMINISTRATOR,
            MessageAction="SUPPRESS",
            TemporaryPassword=password,
            UserAttributes=[{"Name": "email", "Value": ADMINISTRATOR}, {"Name": "email_verified", "Value": "true"}],
        )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=ADMINISTRATOR, Password=password, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=ADMINISTRATOR, GroupName=GROUP)
