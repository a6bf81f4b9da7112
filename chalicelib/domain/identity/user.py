"""A person: who the identity provider says they are, what they may do here."""

import base64
import hashlib
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.identity.errors import NotInvited
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.ids import NetworkId, PrincipalId

GROUP = "wirety-"  # of the identity provider: wirety-administrator, wirety-operator, …
MIGHTIEST_FIRST = (Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR, Role.MEMBER)
ID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. `email`: verified, or None. `groups`: by the provider."""

    issuer: str
    subject: str
    email: str | None
    name: str | None
    groups: Set[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """The record of a person. `role` None: nobody set one here. `networks` are a member's."""

    id: PrincipalId
    subject: str
    email: str | None
    name: str | None
    created_at: datetime
    role: Role | None = None
    networks: frozenset[NetworkId] = frozenset()


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom a deployment lets in of itself. `administrator`: a subject or verified e-mail, named
    at deployment. `default_role`: of people nobody invited; None: they stay outside."""

    administrator: str | None
    default_role: Role | None


def user_id(issuer: str, subject: str) -> PrincipalId:
    """The same for the same person of the same provider, and for nobody else."""
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()
    return PrincipalId("usr_" + base64.b32encode(digest).decode().lower()[:ID_LENGTH])


def newcomer(claims: Claims, at: datetime) -> User:
    return User(user_id(claims.issuer, claims.subject), claims.subject, claims.email, claims.name, at)


def admitted(user: User, claims: Claims, admission: Admission) -> Principal:
    """The person as a caller.

    The role is the provider's word (its groups), else the record's, else the named
    administrator's, else the default.

    Raises:
        NotInvited: none of these gives one.
    """
    named = admission.administrator is not None and admission.administrator in (claims.subject, claims.email)
    role = _by_groups(claims.groups) or user.role or (Role.ADMINISTRATOR if named else None) or admission.default_role
    if role is None:
        raise NotInvited(claims.email or claims.subject)
    networks = user.networks if role is Role.MEMBER else None
    name = claims.name or claims.email or user.name or user.email or claims.subject
    return Principal(user.id, name, role, networks, claims.expires_at)


def _by_groups(groups: Set[str]) -> Role | None:
    return next((role for role in MIGHTIEST_FIRST if f"{GROUP}{role}" in groups), None)
