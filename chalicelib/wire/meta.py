"""Health, and who is asking."""

from typing import Literal

from chalicelib.wire.codec import Answer

Role = Literal["administrator", "operator", "member", "auditor"]
RoleSource = Literal["group", "record", "deployment", "default", "token"]
"""Where a role comes from: the provider's group, the person's record here, the administrator named at deployment, the
default of the settings; an API token's own."""


class Health(Answer, frozen=True):
    status: Literal["ok"]
    version: str


class AuthConfig(Answer, frozen=True):
    """Where people sign in, with authorization code and PKCE. With an `audience` the API takes
    access tokens issued for it, else ID tokens of `client_id`. `issuer` null: nobody can."""

    issuer: str | None
    discovery_url: str
    client_id: str
    audience: str | None


class Me(Answer, frozen=True):
    """The caller. `networks` null: every network of the deployment."""

    id: str
    kind: Literal["api_token", "user"]
    name: str
    role: Role
    networks: list[str] | None
