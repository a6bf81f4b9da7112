"""Who asks, and what a role may do. The default is deny."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.audit import Actor, ActorKind
from chalicelib.domain.identity.doubt import Doubt
from chalicelib.domain.identity.errors import NotAllowed
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId


class Role(StrEnum):
    """See PRODUCT: administrator all; operator all but accounts; auditor reads."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    MEMBER = "member"
    AUDITOR = "auditor"


class RoleSource(StrEnum):
    """Where a role comes from."""

    GROUP = "group"  # of the identity provider
    RECORD = "record"
    DEPLOYMENT = "deployment"  # its named administrator
    DEFAULT = "default"
    TOKEN = "token"  # noqa: S105  an API token's own


READERS = frozenset({Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR})
WRITERS = frozenset({Role.ADMINISTRATOR, Role.OPERATOR})
EVERYBODY = frozenset(Role)
OWNERS = frozenset({Role.MEMBER})
"""Who sees and changes peers of their own only, where others do so with all peers of their networks."""


def watched_by(role: Role, networks: frozenset[NetworkId] | None) -> frozenset[NetworkId] | None:
    """The networks of whose news somebody is told, who was granted these; None: every network."""
    return networks if role in READERS else frozenset()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a change, and by which call. `source`: the address it came from, None when it cannot be believed or
    there is none. `request_id`: None without a request."""

    actor: Actor
    source: str | None = None
    request_id: str | None = None


def job(name: str) -> Caller:
    """A job of the deployment's own."""
    return Caller(Actor(ActorKind.DEPLOYMENT, name, name))


def agent_of(peer_id: PeerId, source: str | None = None, request_id: str | None = None) -> Caller:
    """The agent of a peer, by its peer's id; the audit log gives it the peer's name."""
    return Caller(Actor(ActorKind.AGENT, peer_id, peer_id), source, request_id)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or API token. `networks` None: every network of the deployment. `expires_at`: when
    the token it came with ends, None: never. `maker_id`: of an API token, who made it; None: a person.
    `account_revision`: of the record of the person it is, or that made it; 0: there is none. `peer_limit`: so many
    peers may be its own, None: no limit. `source`, `request_id`: of the call it makes, see `Caller`. `doubts`: what of
    a person's token did not count."""

    id: PrincipalId
    name: str
    role: Role
    networks: frozenset[NetworkId] | None
    expires_at: datetime | None = None
    role_source: RoleSource = RoleSource.TOKEN
    maker_id: PrincipalId | None = None
    account_revision: int = 0
    peer_limit: int | None = None
    source: str | None = None
    request_id: str | None = None
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_person(self) -> bool:
        return self.maker_id is None

    @property
    def person_id(self) -> PrincipalId:
        """Whom what it makes belongs to: the person, or the token's maker."""
        return self.maker_id or self.id

    @property
    def own_only(self) -> PrincipalId | None:
        """Whose peers alone it sees and changes: a member its own; None: whoever's."""
        return self.person_id if self.role in OWNERS else None

    @property
    def watched(self) -> frozenset[NetworkId] | None:
        """The networks whose news its sockets get; None: every network."""
        return watched_by(self.role, self.networks)

    @property
    def caller(self) -> Caller:
        kind = ActorKind.PERSON if self.is_person else ActorKind.TOKEN
        return Caller(Actor(kind, self.id, self.name), self.source, self.request_id)

    def require(self, roles: Set[Role]) -> None:
        if self.role not in roles:
            message = f"The role {self.role} may not do this; it takes {' or '.join(sorted(roles))}."
            raise NotAllowed(self.caller.actor, message)

    def require_all_networks(self) -> None:
        if self.networks is not None:
            raise NotAllowed(self.caller.actor, "This takes access to every network of the deployment.")

    def require_grant(self, network_id: NetworkId) -> None:
        """Refuse as if the network did not exist, unless there may be peers in it that the caller sees."""
        if not self.sees(network_id):
            raise NetworkNotFound(network_id)

    def require_sight(self, network_id: NetworkId) -> None:
        """Refuse as if the network did not exist, unless the caller sees all of it, whosever its peers are."""
        self.require_grant(network_id)
        if self.own_only is not None:
            raise NetworkNotFound(network_id)

    def sees(self, network_id: NetworkId) -> bool:
        return self.networks is None or network_id in self.networks


class Sighted(Protocol):
    """Whoever sees some networks: what lies in others is not named to them."""

    def sees(self, network_id: NetworkId) -> bool: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """A browser by its socket: who looks, and at which networks (None: all, also new ones). `account_revision`: of the
    person's record by which that is so, see `Principal`."""

    id: PrincipalId
    networks: frozenset[NetworkId] | None
    account_revision: int = 0


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent by its session: the peer it runs, and nothing else it may speak for.

    `admission`: the enrolment that the session comes from, see `Enrollment`; empty: from none. `source`,
    `request_id`: of the call it makes, see `Caller`.
    """

    network_id: NetworkId
    peer_id: PeerId
    admission: str = ""
    source: str | None = None
    request_id: str | None = None

    @property
    def caller(self) -> Caller:
        return agent_of(self.peer_id, self.source, self.request_id)
