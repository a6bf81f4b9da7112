"""API tokens: named, expiring, and never mightier than who made them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import Forbidden
from chalicelib.domain.identity.audit import Actor, ActorKind, AuditId, AuditRecord, Details, Target, TargetKind
from chalicelib.domain.identity.delegation import HANDED_ON
from chalicelib.domain.identity.principal import Caller, Role
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.ids import NetworkId, PrincipalId

DEPLOYMENT_ITSELF = PrincipalId("deployment")
"""The maker of tokens that `scripts/create_api_token.py` makes with the owner's own AWS credentials."""
TOKEN, USER = "tok_", "usr_"
LIFETIME = timedelta(days=90)
LONGEST_LIFETIME = timedelta(days=366)
USE_NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LastUse:
    """`source`: the caller's address; None: it could not be believed."""

    at: datetime
    source: str | None


@dataclass(frozen=True, slots=True)
class ApiToken:
    """`id`: tells its maker, see `token_id`. `role`, `networks`: as it was asked for; its maker's narrow them.
    `networks` None: every network that its maker may see. `expires_at` None: only the deployment's own. `secret`: the
    hash."""

    id: PrincipalId
    maker_name: str
    name: str
    role: Role
    networks: frozenset[NetworkId] | None
    secret: Secret
    created_at: datetime
    expires_at: datetime | None
    last_use: LastUse | None = None

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.TOKEN, self.id, self.name)

    @property
    def maker_id(self) -> PrincipalId:
        return maker_of(self.id)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def is_use_due(self, now: datetime) -> bool:
        """Whether this use is to be noted."""
        return self.last_use is None or now - self.last_use.at >= USE_NOTED_EVERY


def token_id(maker_id: PrincipalId, unique: str) -> PrincipalId:
    """The id of a maker's token: it says who made it, so that both are read at once, and a maker's lie together."""
    return PrincipalId(f"{tokens_of(maker_id)}{unique.removeprefix(TOKEN)}")


def tokens_of(maker_id: PrincipalId) -> str:
    """What the ids of a maker's tokens begin with."""
    return f"{TOKEN}{maker_id.removeprefix(USER)}_"


def maker_of(token: PrincipalId | str) -> PrincipalId:
    """Who made the token of an id; whatever the text is."""
    maker = token.removeprefix(TOKEN).partition("_")[0]
    return DEPLOYMENT_ITSELF if maker == DEPLOYMENT_ITSELF else PrincipalId(f"{USER}{maker}")


def is_token(principal_id: PrincipalId) -> bool:
    """Whether an id is of an API token, rather than of a person."""
    return principal_id.startswith(TOKEN)


def person_of(principal_id: PrincipalId) -> PrincipalId:
    """The person that an id is of or, of an API token, who made it."""
    return maker_of(principal_id) if is_token(principal_id) else principal_id


def require_delegable(role: Role, maker: Role) -> None:
    """Raises Forbidden: who has the one role may not make a token with the other."""
    if role not in HANDED_ON[maker]:
        raise Forbidden(f"The role {maker} may make tokens of the role {' or '.join(sorted(HANDED_ON[maker]))} only.")


def audit_record(
    audit_id: AuditId, at: datetime, before: ApiToken | None, after: ApiToken | None, by: Caller
) -> AuditRecord:
    """The record of a token that was made (`before` None) or revoked (`after` None)."""
    token = after or before
    assert token is not None
    return AuditRecord(
        audit_id,
        at,
        by.actor,
        by.source,
        "token_created" if before is None else "token_revoked",
        Target(TargetKind.TOKEN, token.id, token.name),
        before=None if before is None else _details(before),
        after=None if after is None else _details(after),
        request_id=by.request_id,
    )


def _details(token: ApiToken) -> Details:
    networks = ("every network",) if token.networks is None else tuple(sorted(token.networks))
    expires_at = None if token.expires_at is None else token.expires_at.isoformat()
    return {"role": token.role.value, "networks": networks, "maker": token.maker_name, "expires_at": expires_at}
