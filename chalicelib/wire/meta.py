"""Health, and who is asking."""

from typing import Literal

from chalicelib.wire.codec import Answer, Request

Role = Literal["administrator", "operator", "member", "auditor"]
RoleSource = Literal["group", "record", "deployment", "default", "token"]
"""Where a role comes from: the provider's group, the person's record here, the administrator named at deployment, the
default of the settings; an API token's own."""


class Health(Answer, frozen=True):
    status: Literal["ok"]
    version: str


class AuthConfig(Answer, frozen=True):
    """Where people sign in, with authorization code and PKCE. With an `audience` the API takes
    access tokens issued for it, else ID tokens of `client_id`. `issuer` null: nobody can.

    `findings`: with `check`, whether the provider and these settings fit; else null."""

    issuer: str | None
    discovery_url: str
    client_id: str
    audience: str | None
    findings: list["Finding"] | None = None


class AuthConfigQuery(Request, frozen=True):
    """`check`: ask the provider whether it and the settings fit; for administrators."""

    check: bool = False


class Finding(Answer, frozen=True):
    """One thing that was looked at. `remedy`: what to do; empty: nothing."""

    code: str
    level: Literal["ok", "warning", "error"]
    message: str
    remedy: str


class Doubt(Answer, frozen=True):
    """Why somebody has no other role by their provider's word, and what to do."""

    code: Literal["email_not_verified", "groups_left_out", "no_groups", "no_group_gives_a_role"]
    text: str


class GrantedNetwork(Answer, frozen=True):
    id: str
    name: str


class Me(Answer, frozen=True):
    """The caller. `networks` null: every network of the deployment. `doubts`: what the provider says and does not
    count, where somebody might expect it to. `granted`: of a member, the first 200 of their networks by name, as
    members cannot read networks; null for every other role, and for an API token."""

    id: str
    kind: Literal["api_token", "user"]
    name: str
    role: Role
    role_source: RoleSource
    networks: list[str] | None
    doubts: list[Doubt]
    granted: list[GrantedNetwork] | None
