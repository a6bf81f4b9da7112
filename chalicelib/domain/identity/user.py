"""A person: who the identity provider says they are, what they may do here."""

import base64
import hashlib
import re
from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.errors import Invalid, listed
from chalicelib.domain.identity.deployment import MEMBER_PEER_LIMIT, DeploymentSettings
from chalicelib.domain.identity.doubt import (
    Doubt,
    email_not_verified,
    groups_left_out,
    no_group_gives_a_role,
    no_groups,
)
from chalicelib.domain.identity.errors import NotInvited, Suspended
from chalicelib.domain.identity.principal import OWNERS, Principal, Role, RoleSource
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId, PrincipalId, Revision

GROUP = "wirety-"  # of the identity provider: wirety-administrator, wirety-operator, …
MIGHTIEST_FIRST = (Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR, Role.MEMBER)
ID_LENGTH = 26
EMAIL_MAX = 254  # RFC 5321 section 4.5.3.1.3, less the brackets around a path
EMAIL = re.compile(  # RFC 5322 section 3.2.3 (dot-atom), of at most 64 characters, at a DNS name of two labels or more
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z",
    re.IGNORECASE | re.ASCII,
)
FIRST = Revision(1)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. `email`: verified, in lower case, or None. `groups`: by the provider,
    in the names that give roles here; None: it does not say which. `other_groups`: those that give none.
    `unverified_email`: said and not vouched for. `groups_claim`: where groups were looked for. `issued_at`: None: it
    does not say."""

    issuer: str
    subject: str
    email: str | None
    name: str | None
    groups: Set[str] | None
    expires_at: datetime
    other_groups: Set[str] = frozenset()
    unverified_email: str | None = None
    groups_claim: str = "groups"
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class User:
    """The record of a person or, without a subject, of one who was invited and has not signed in yet.

    `email`: verified, or the invited address; in lower case. `role` None: nobody set one here. `networks`: as
    granted here, EVERY_NETWORK among them for all; None: nobody granted any, and the role decides. `group_role`: what
    the provider's groups gave when they last signed in. `told_at`: when the provider issued the token whose word
    counts. `is_administrator`: counted among the administrators. `revision`: of what decides what the person may do,
    see `access`.
    """

    id: PrincipalId
    issuer: str | None
    subject: str | None
    email: str | None
    name: str | None
    created_at: datetime
    role: Role | None = None
    networks: frozenset[NetworkId] | None = None
    group_role: Role | None = None
    is_suspended: bool = False
    invited_by: PrincipalId | None = None
    last_seen_at: datetime | None = None
    told_at: datetime | None = None
    is_administrator: bool = False
    revision: Revision = FIRST

    @property
    def is_invited(self) -> bool:
        """Whether the person has not signed in yet."""
        return self.subject is None

    @property
    def called(self) -> str:
        """What people know the person by."""
        return self.name or self.email or self.subject or self.id

    @property
    def access(self) -> tuple[object, ...]:
        """What decides what the person may do. Every change of it takes the next revision."""
        networks = None if self.networks is None else tuple(sorted(self.networks))
        return (self.email, self.role, networks, self.group_role, self.is_suspended, self.is_administrator)

    def networks_as(self, role: Role) -> frozenset[NetworkId] | None:
        """The networks that the person sees with a role; None: every network of the deployment."""
        if self.networks is None:
            return frozenset() if role is Role.MEMBER else None
        return None if EVERY_NETWORK in self.networks else self.networks


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may do here, and why. `networks` None: every network of the deployment."""

    role: Role
    source: RoleSource
    networks: frozenset[NetworkId] | None

    @property
    def is_administrator(self) -> bool:
        """Whether they may decide for the whole deployment, which takes all of its networks."""
        return self.role is Role.ADMINISTRATOR and self.networks is None


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom a deployment lets in of itself. `administrator`: a subject or verified e-mail, named
    at deployment. `default_role`: of people nobody invited; None: they stay outside. `member_peer_limit`: so many
    peers a member may own."""

    administrator: str | None
    default_role: Role | None
    member_peer_limit: int = MEMBER_PEER_LIMIT

    def with_settings(self, settings: DeploymentSettings | None) -> "Admission":
        """As administrators decided since the deployment; None: nothing."""
        if settings is None:
            return self
        return replace(self, default_role=settings.default_role, member_peer_limit=settings.member_peer_limit)

    def peer_limit(self, role: Role) -> int | None:
        """How many peers somebody of a role may own; None: no limit."""
        return self.member_peer_limit if role in OWNERS else None

    def names(self, user: User) -> bool:
        """Whether the person is the administrator named at deployment; addresses in any case of their letters."""
        named = self.administrator
        return named is not None and (named == user.subject or lower_email(named) == user.email)


def user_id(issuer: str, subject: str) -> PrincipalId:
    """The same for the same person of the same provider, and for nobody else."""
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()
    return PrincipalId("usr_" + base64.b32encode(digest).decode().lower()[:ID_LENGTH])


def lower_email(email: str) -> str:
    """For comparing: with a letter outside ASCII it stays as it is, as some of those become ASCII in lower case."""
    return email.lower() if email.isascii() else email


def parse_email(field: str, text: str) -> str:
    """Accept an e-mail address, and return it in lower case.

    Addresses whose letters are not all ASCII are refused: two that look alike would be two people.
    """
    if len(text) > EMAIL_MAX or not EMAIL.match(text):
        raise Invalid([(field, f"{text!r} is no e-mail address. Write it like ana@example.com.")])
    return lower_email(text)


def invitation_id(email: str) -> PrincipalId:
    """The same for an address however it is written."""
    digest = hashlib.sha256(lower_email(email).encode()).digest()
    return PrincipalId("inv_" + base64.b32encode(digest).decode().lower()[:ID_LENGTH])


def seen(user: User | None, claims: Claims, at: datetime) -> User:
    """A person's record as their provider tells of them now; a new one for a newcomer.

    What the provider does not say, of groups or of an address, leaves what it said before. A token says nothing of
    who brought a younger one already.
    """
    if user is None:
        user = User(user_id(claims.issuer, claims.subject), claims.issuer, claims.subject, None, None, at)
    if claims.issued_at is not None and user.told_at is not None and claims.issued_at < user.told_at:
        return replace(user, last_seen_at=at)
    role = user.group_role if claims.groups is None else group_role(claims.groups)
    is_email_said = claims.email is not None or claims.unverified_email is not None
    return replace(
        user,
        email=claims.email if is_email_said else user.email,
        name=claims.name or user.name,
        group_role=role,
        last_seen_at=at,
        told_at=claims.issued_at or user.told_at,
    )


def with_invitation(user: User, invitation: User) -> User:
    """A newcomer's record, as they were invited."""
    return replace(user, role=invitation.role, networks=invitation.networks, invited_by=invitation.invited_by)


def counted(user: User, admission: Admission) -> User:
    """A person's record, with whether they are an administrator by whatever source; a suspended one is not."""
    own = None if user.is_suspended or user.is_invited else standing(user, admission)
    return replace(user, is_administrator=own is not None and own.is_administrator)


def advanced(before: User, after: User) -> User:
    """What a record becomes: at the next revision, if what decides what the person may do is other."""
    return after if before.access == after.access else replace(after, revision=Revision(before.revision + 1))


def standing(user: User, admission: Admission) -> Standing | None:
    """What a person may do here: by the provider's groups, else by the record, else as the administrator named at
    deployment, else by default; None: nothing gives them a role.

    Raises:
        Suspended: whatever else says they may.
    """
    if user.is_suspended:
        raise Suspended(user.email or user.subject or user.id, user.id)
    found: tuple[tuple[Role | None, RoleSource], ...] = (
        (user.group_role, RoleSource.GROUP),
        (user.role, RoleSource.RECORD),
        (Role.ADMINISTRATOR if admission.names(user) else None, RoleSource.DEPLOYMENT),
        (admission.default_role, RoleSource.DEFAULT),
    )
    for role, source in found:
        if role is not None:
            return Standing(role, source, user.networks_as(role))
    return None


def admitted(user: User, claims: Claims, admission: Admission) -> Principal:
    """The person as a caller. Groups that the provider left out are not "no groups": there is no default role then.

    Raises:
        Suspended, NotInvited.
    """
    own = standing(user, replace(admission, default_role=None) if claims.groups is None else admission)
    if own is None:
        raise NotInvited(claims.email or claims.subject, user.id, claims.subject, _doubts(claims, None))
    return Principal(
        user.id,
        user.called,
        own.role,
        own.networks,
        claims.expires_at,
        own.source,
        account_revision=user.revision,
        peer_limit=admission.peer_limit(own.role),
        doubts=_doubts(claims, own.source),
    )


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


def group_role(groups: Set[str]) -> Role | None:
    """The mightiest role that the provider's groups give."""
    return next((role for role in MIGHTIEST_FIRST if f"{GROUP}{role}" in groups), None)
