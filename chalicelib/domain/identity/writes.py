"""What a transaction writes of people, tokens and settings, as values; beside `domain/change/writes`."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.identity.api_token import ApiToken
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.join_key import Join, JoinKey
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId


@dataclass(frozen=True, slots=True)
class PutUser:
    """Create (revision 1) or replace a person's record. Fails as a conflict when another revision was written first."""

    user: User


@dataclass(frozen=True, slots=True)
class RemoveUser:
    """Fails as a conflict when the record changed since it was read."""

    user: User


@dataclass(frozen=True, slots=True)
class PutToken:
    """Keep a new API token."""

    token: ApiToken


@dataclass(frozen=True, slots=True)
class RemoveToken:
    """Revoke an API token. Fails when it is gone."""

    token: ApiToken


@dataclass(frozen=True, slots=True)
class PutSettings:
    """Replace the deployment's settings. Fails as a conflict when another revision was written first."""

    settings: DeploymentSettings


@dataclass(frozen=True, slots=True)
class EnterAdministrators:
    """Count a person among the administrators."""

    user_id: PrincipalId


@dataclass(frozen=True, slots=True)
class LeaveAdministrators:
    """Count a person no longer among the administrators. Fails when nobody else is one.

    `is_fact`: they are none any more whatever is decided here, as their provider says so; then it does not fail.
    """

    user_id: PrincipalId
    is_fact: bool = False


@dataclass(frozen=True, slots=True)
class ClaimEmail:
    """Have a person or an invitation hold an e-mail address. Fails as a conflict when `former` does not hold it, or,
    with None, when anybody does."""

    email: str
    holder_id: PrincipalId
    former_id: PrincipalId | None = None


@dataclass(frozen=True, slots=True)
class ReleaseEmail:
    """Free an e-mail address. Fails as a conflict when another holds it."""

    email: str
    holder_id: PrincipalId


@dataclass(frozen=True, slots=True)
class OwnPeers:
    """Give peers to a person. `limit`: fails when they own as many already; None: no limit."""

    owner_id: PrincipalId
    network_id: NetworkId
    peer_ids: tuple[PeerId, ...]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class DisownPeers:
    """Take peers from their owner."""

    owner_id: PrincipalId
    network_id: NetworkId
    peer_ids: tuple[PeerId, ...]


@dataclass(frozen=True, slots=True)
class PutJoinKey:
    """Keep a new join key."""

    key: JoinKey


@dataclass(frozen=True, slots=True)
class RevokeJoinKey:
    """End a join key. Fails as a conflict when it is gone, or was revoked meanwhile."""

    key: JoinKey
    at: datetime


@dataclass(frozen=True, slots=True)
class UseJoinKey:
    """Count one use of a join key. Fails as a conflict when it makes no more peers: revoked, expired or used up."""

    key: JoinKey
    at: datetime


@dataclass(frozen=True, slots=True)
class PutJoin:
    """Note which peer a machine became by a key. Fails as a conflict when it became one meanwhile.

    `replaces`: the peer it was before, which is its own no longer; None: it was none.
    """

    join: Join
    replaces: PeerId | None


JoinKeyWrite = PutJoinKey | RevokeJoinKey | UseJoinKey | PutJoin
IdentityWrite = (
    PutUser
    | RemoveUser
    | PutToken
    | RemoveToken
    | PutSettings
    | EnterAdministrators
    | LeaveAdministrators
    | ClaimEmail
    | ReleaseEmail
    | OwnPeers
    | DisownPeers
    | JoinKeyWrite
)


OPTIMISTIC = (
    *(PutUser, RemoveUser, PutSettings, ClaimEmail, ReleaseEmail),
    *(PutJoin, RevokeJoinKey, UseJoinKey),
)
"""Their conditions say that nobody was first: what they were decided by is read again."""


def membership(
    before: User | None, after: User | None, *, is_fact: bool = False
) -> tuple[EnterAdministrators | LeaveAdministrators, ...]:
    """What follows among the administrators when a person's record becomes another; None: there was or is none."""
    was, is_one = (user is not None and user.is_administrator for user in (before, after))
    if after is not None and is_one and not was:
        return (EnterAdministrators(after.id),)
    if before is not None and was and not is_one:
        return (LeaveAdministrators(before.id, is_fact),)
    return ()
