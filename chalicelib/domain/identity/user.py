"""A person: who the identity provider says they are, what they may do here."""

import base64
import hashlib
from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import listed
from chalicelib.domain.identity.doubt import (
    Doubt,
    email_not_verified,
    groups_left_out,
    no_group_gives_a_role,
    no_groups,
)
from chalicelib.domain.identity.errors import NotInvited
from chalicelib.domain.identity.principal import Principal, Role, RoleSource
from chalicelib.domain.ids import NetworkId, PrincipalId

GROUP = "wirety-"  # of the identity provider: wirety-administrator, wirety-operator, …
MIGHTIEST_FIRST = (Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR, Role.MEMBER)
ID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. `email`: verified, in lower case, or None. `groups`: by the provider,
    in the names that give roles here; None: it does not say which. `other_groups`: those that give none.
    `unverified_email`: said and not vouched for. `groups_claim`: where groups were looked for."""

    issuer: str
    subject: str
    email: str | None
    name: str | None
    groups: Set[str] | None
    expires_at: datetime
    other_groups: Set[str] = frozenset()
    unverified_email: str | None = None
    groups_claim: str = "groups"


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

    def names(self, claims: Claims) -> bool:
        """Whether the person is the administrator named at deployment; addresses in any case of their letters."""
        named = self.administrator
        return named is not None and (named == claims.subject or lower_email(named) == claims.email)


def user_id(issuer: str, subject: str) -> PrincipalId:
    """The same for the same person of the same provider, and for nobody else."""
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()
    return PrincipalId("usr_" + base64.b32encode(digest).decode().lower()[:ID_LENGTH])


def lower_email(email: str) -> str:
    """For comparing: with a letter outside ASCII it stays as it is, as some of those become ASCII in lower case."""
    return email.lower() if email.isascii() else email


def newcomer(claims: Claims, at: datetime) -> User:
    return User(user_id(claims.issuer, claims.subject), claims.subject, claims.email, claims.name, at)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may do here, and why. `networks` None: every network of the deployment."""

    role: Role
    source: RoleSource
    networks: frozenset[NetworkId] | None
    doubts: tuple[Doubt, ...]


def standing(claims: Claims, user: User | None, admission: Admission) -> Standing:
    """By the provider's groups, else by the record, else as the administrator named at deployment, else by default.

    Groups that the provider left out are not "no groups": there is no default role then. `user` None: a newcomer.

    Raises:
        NotInvited: nothing gives a role.
    """
    default = None if claims.groups is None else admission.default_role
    found: tuple[tuple[Role | None, RoleSource], ...] = (
        (_by_groups(claims.groups or ()), RoleSource.GROUP),
        (user.role if user else None, RoleSource.RECORD),
        (Role.ADMINISTRATOR if admission.names(claims) else None, RoleSource.DEPLOYMENT),
        (default, RoleSource.DEFAULT),
    )
    for role, source in found:
        if role is not None:
            networks = (user.networks if user else frozenset()) if role is Role.MEMBER else None
            return Standing(role, source, networks, _doubts(claims, source))
    raise NotInvited(claims.email or claims.subject, claims.subject, _doubts(claims, None))


def admitted(user: User, claims: Claims, admission: Admission) -> Principal:
    """The person as a caller. Raises NotInvited."""
    own = standing(claims, user, admission)
    name = claims.name or claims.email or user.name or user.email or claims.subject
    return Principal(user.id, name, own.role, own.networks, claims.expires_at, own.source, own.doubts)


def _doubts(claims: Claims, source: RoleSource | None) -> tuple[Doubt, ...]:
    """What of the token did not count, for whom somebody may have expected it to. `source` None: there is no role."""
    found: list[Doubt] = []
    if claims.groups is None:
        found.append(groups_left_out(claims.groups_claim))
    if source in (RoleSource.DEFAULT, None):
        if claims.other_groups:
            found.append(no_group_gives_a_role(listed([repr(group) for group in sorted(claims.other_groups)])))
        elif claims.groups is not None and source is None:
            found.append(no_groups(claims.groups_claim))
        if claims.unverified_email is not None:
            found.append(email_not_verified(claims.unverified_email, claims.subject))
    return tuple(found)


def _by_groups(groups: Collection[str]) -> Role | None:
    return next((role for role in MIGHTIEST_FIRST if f"{GROUP}{role}" in groups), None)
