"""API tokens: the deployment's own, and who calls with one.

Requests: check 1, and 1 more once in ten minutes; create 1.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.writes import Commit
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.api_token import DEPLOYMENT_ITSELF, ApiToken, LastUse
from chalicelib.domain.identity.delegation import common_networks, lesser_role
from chalicelib.domain.identity.errors import Suspended
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.tokens import Token, parse_token
from chalicelib.domain.identity.user import Admission, User, standing
from chalicelib.domain.identity.writes import PutToken
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import Transactions

OF_THE_DEPLOYMENT = "the deployment"


@dataclass(frozen=True, slots=True)
class ApiTokens:
    store: AccountStore
    transactions: Transactions
    admission: Admission
    clock: Clock
    randomness: Randomness

    def create_for_deployment(
        self, name: str, role: Role, networks: Collection[NetworkId] | None = None, lifetime: timedelta | None = None
    ) -> Token:
        """Make a token of the deployment's own; its secret exists in the answer only."""
        now = self.clock.now()
        token_id = PrincipalId(self.randomness.new_id("tok"))
        token = Token("wirety_api", f"{DEPLOYMENT_ITSELF}:{token_id}", self.randomness.secret())
        made = ApiToken(
            token_id,
            DEPLOYMENT_ITSELF,
            OF_THE_DEPLOYMENT,
            name,
            role,
            None if networks is None else frozenset(networks),
            token.hashed(),
            now,
            None if lifetime is None else now + lifetime,
        )
        retry_on_conflict(self.clock, lambda: self.transactions.commit(Commit(None, (PutToken(made),))))
        return token

    def authenticate(self, text: str, source: str | None = None) -> Principal:
        """Who calls: no mightier than the token's maker is now.

        Args:
            source: the caller's address, for the record of its last use.

        Raises:
            Unauthenticated: no API token, unknown, expired, or its maker is gone, suspended or may less than it.
        """
        token = parse_token(text, "wirety_api")
        maker_id, _, token_id = token.record.partition(":")
        found, maker, settings = self.store.token(PrincipalId(maker_id), PrincipalId(token_id))
        if found is None or not token.proves(found.secret):
            raise Unauthenticated("This API token is not known. Check it, or create a new one.")
        now = self.clock.now()
        if found.is_expired(now):
            raise Unauthenticated("This API token has expired. Create a new one.")
        principal = _narrowed(found, maker, self.admission.with_settings(settings))
        if found.is_use_due(now):
            self.store.note_use(found, LastUse(now, source))
        return principal


def _narrowed(token: ApiToken, maker: User | None, admission: Admission) -> Principal:
    """Raises Unauthenticated: its maker is gone, suspended, or may nothing that the token may."""
    if token.maker_id == DEPLOYMENT_ITSELF:
        return Principal(
            token.id,
            token.name,
            token.role,
            token.networks,
            token.expires_at,
            maker_id=DEPLOYMENT_ITSELF,
            peer_limit=admission.peer_limit(token.role),
        )
    if maker is None:
        raise Unauthenticated("Who made this API token is no longer a user here. Create a new one.")
    try:
        own = standing(maker, admission)
    except Suspended as refusal:
        raise Unauthenticated("Who made this API token is suspended here.") from refusal
    if own is None:
        raise Unauthenticated("Who made this API token has no role here any more.")
    role = lesser_role(token.role, own.role)
    if role is None:
        raise Unauthenticated(
            f"This API token has ended: its maker is {own.role} now, and it was made as {token.role}."
        )
    networks = common_networks(token.networks, own.networks)
    return Principal(
        token.id,
        token.name,
        role,
        networks,
        token.expires_at,
        maker_id=maker.id,
        account_revision=maker.revision,
        peer_limit=admission.peer_limit(role),
    )
