"""People, invitations, API tokens and the deployment's settings: `/api/v1/users`, `/tokens`, `/settings`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.wire.codec import Answer, Request
from chalicelib.wire.meta import Role, RoleSource

Networks = Annotated[list[str], Meta(max_length=100)]
"""Ids of networks."""


class InviteUser(Request, frozen=True):
    """`networks`: null grants every network. A verified e-mail address tells who it is at the first sign-in."""

    email: str
    role: Role
    networks: Networks | None = None


class PatchUser(Request, frozen=True):
    """What is left out stays as it is. `role` null: no role of the record's own, so that the next source of
    a role counts. `networks` null: every network."""

    role: Role | UnsetType | None = UNSET
    networks: Networks | UnsetType | None = UNSET
    is_suspended: bool | UnsetType = UNSET


class User(Answer, frozen=True):
    """A person or, with `state` `invited`, one who has not signed in yet.

    `role`: what they may do now, null for nothing; `role_source` says where it comes from. `own_role`: of the
    record itself. `networks` null: every network. `is_mailed`: in the answer to an invitation, whether the
    deployment's own user pool wrote to them; with another identity provider nobody does. Null in every other answer.
    """

    id: str
    email: str | None
    name: str | None
    state: Literal["active", "invited", "suspended"]
    role: Role | None
    role_source: RoleSource | None
    own_role: Role | None
    networks: list[str] | None
    owned_peers: int
    invited_by: str | None
    created_at: datetime
    last_seen_at: datetime | None
    revision: int
    is_mailed: bool | None = None


class CreateToken(Request, frozen=True):
    """`role`: no higher than its maker's. `networks` null: all that its maker may see. `expires_in_days`: 90 by
    default, 366 at most."""

    name: str
    role: Role
    networks: Networks | None = None
    expires_in_days: Annotated[int, Meta(ge=1, le=366)] = 90


class ApiToken(Answer, frozen=True):
    """`role` and `networks`: as asked for; the token does no more than its maker may do at the time. `last_used_at`
    is right to ten minutes."""

    id: str
    name: str
    role: Role
    networks: list[str] | None
    maker_id: str | None
    maker_name: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None


class TokenCreated(Answer, frozen=True):
    """`secret`: the token's text, shown this once: null when `replayed`."""

    token: ApiToken
    secret: str | None
    replayed: bool = False


class TokenQuery(Request, frozen=True):
    """`everybody`: of all makers, for administrators; without it the caller's own."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None
    everybody: bool = False


class Settings(Answer, frozen=True):
    """`default_role`: of people nobody gave a role; null: they stay outside. `member_peer_limit`: so many peers a
    member may own."""

    default_role: Role | None
    member_peer_limit: int
    revision: int


class PutSettings(Request, frozen=True):
    """All of the deployment's settings."""

    default_role: Literal["operator", "auditor", "member"] | None
    member_peer_limit: Annotated[int, Meta(ge=0, le=100)]
