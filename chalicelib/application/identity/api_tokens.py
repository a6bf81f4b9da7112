"""API tokens: who calls with one, and how they are made, listed and revoked.

Requests: check 1, and 1 more once in ten minutes. Create 1 transaction, and 1 read when it names networks. List 1 read.
Revoke 1 read and 1 transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import Audit, Commit, SettleRequest, Write
from chalicelib.domain.errors import Invalid, Unauthenticated
from chalicelib.domain.identity.api_token import (
    DEPLOYMENT_ITSELF,
    ApiToken,
    LastUse,
    audit_record,
    maker_of,
    require_delegable,
    token_id,
)
from chalicelib.domain.identity.audit import AuditId
from chalicelib.domain.identity.delegation import common_networks, lesser_role
from chalicelib.domain.identity.errors import CredentialRefused, Suspended, TokenNotFound
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.tokens import Token, parse_token
from chalicelib.domain.identity.user import Admission, User, standing
from chalicelib.domain.identity.writes import PutToken, RemoveToken
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import ConditionFailed, Transactions
from chalicelib.ports.users import TokenStore

OF_THE_DEPLOYMENT = "the deployment"
NOT_KNOWN = "This API token is not known. Check it, or create a new one."


@dataclass(frozen=True, slots=True)
class ApiTokens:
    accounts: AccountStore
    tokens: TokenStore
    networks: NetworkStore
    transactions: Transactions
    admission: Admission
    clock: Clock
    randomness: Randomness

    def authenticate(self, text: str, source: str | None = None) -> Principal:
        """Who calls: no mightier than the token's maker is now.

        Args:
            source: the caller's address, for the record of its last use.

        Raises:
            Unauthenticated: no API token, or unknown.
            CredentialRefused: expired, or its maker is gone, suspended or may less than it.
        """
        token, now = parse_token(text, "wirety_api"), self.clock.now()
        found, maker, settings = self.accounts.token(PrincipalId(token.record))
        if found is None:
            raise Unauthenticated(NOT_KNOWN)
        try:
            principal = _proved(token, found, maker, self.admission.with_settings(settings), now)
        except Unauthenticated as refusal:
            raise CredentialRefused(found.actor, str(refusal)) from refusal
        if found.is_use_due(now):
            self.accounts.note_use(found, LastUse(now, source))
        return principal

    def create_for_deployment(
        self, name: str, role: Role, networks: Collection[NetworkId] | None = None, lifetime: timedelta | None = None
    ) -> Token:
        """Make a token of the deployment's own; its secret exists in the answer only."""
        now = self.clock.now()
        granted = None if networks is None else frozenset(networks)
        expires_at = None if lifetime is None else now + lifetime
        token, made = self._made(DEPLOYMENT_ITSELF, OF_THE_DEPLOYMENT, name, role, granted, now, expires_at)
        self._commit(PutToken(made))
        return token

    def create(
        self,
        name: str,
        role: Role,
        networks: frozenset[NetworkId] | None,
        lifetime: timedelta,
        by: Principal,
        request: Replayable | None = None,
    ) -> tuple[Token, ApiToken]:
        """Make a token of the caller's own; its secret exists in the answer only.

        It ends no later than the token that it was made with, if it was.

        Args:
            networks: None, every network that its maker may see.

        Raises:
            Forbidden: the caller may not hand the role on.
            Invalid: a network is none that the caller may see.
        """
        require_delegable(role, by.role)
        self._require_networks(networks or (), by)
        now = self.clock.now()
        ends = now + lifetime
        if not by.is_person and by.expires_at is not None:
            ends = min(ends, by.expires_at)
        granted = common_networks(networks, by.networks)
        token, made = self._made(by.person_id, by.name, name, role, granted, now, ends)
        settled = () if request is None else (SettleRequest(request.done(made.id)),)
        record = audit_record(AuditId(self.randomness.new_id("aud")), now, None, made, by.caller)
        self._commit(PutToken(made), Audit(record), *settled)
        return token, made

    def get(self, token_id: PrincipalId, by: Principal) -> ApiToken:
        """Raises TokenNotFound: unknown, or another's whom the caller does not administer."""
        found = self.tokens.get(token_id) if _is_theirs(token_id, by) else None
        if found is None:
            raise TokenNotFound(token_id)
        return found

    def page(
        self, after: PrincipalId | None, limit: int, is_of_everybody: bool, by: Principal
    ) -> tuple[list[ApiToken], PrincipalId | None]:
        """The caller's tokens by id, and the id to go on after; None: there are no more.

        Raises:
            Forbidden: those of everybody, to who is no administrator.
        """
        if is_of_everybody:
            by.require({Role.ADMINISTRATOR})
            by.require_all_networks()
        return self.tokens.page(limit, after, None if is_of_everybody else by.person_id)

    def revoke(self, token_id: PrincipalId, by: Principal) -> None:
        """End a token. Raises TokenNotFound."""
        found = self.get(token_id, by)
        record = audit_record(AuditId(self.randomness.new_id("aud")), self.clock.now(), found, None, by.caller)
        try:
            self._commit(RemoveToken(found), Audit(record))
        except ConditionFailed as gone:
            raise TokenNotFound(token_id) from gone

    def _made(
        self,
        maker_id: PrincipalId,
        maker_name: str,
        name: str,
        role: Role,
        networks: frozenset[NetworkId] | None,
        now: datetime,
        expires_at: datetime | None,
    ) -> tuple[Token, ApiToken]:
        own_id = token_id(maker_id, self.randomness.new_id("tok"))
        token = Token("wirety_api", own_id, self.randomness.secret())
        return token, ApiToken(own_id, maker_name, name, role, networks, token.hashed(), now, expires_at)

    def _require_networks(self, named: Collection[NetworkId], by: Principal) -> None:
        """Raises Invalid: one is unknown, or out of the caller's sight: the two look the same."""
        known = {network.id for network in self.networks.many(sorted(named))} if named else set[NetworkId]()
        unseen = [network_id for network_id in sorted(named) if network_id not in known or not by.sees(network_id)]
        if unseen:
            raise Invalid([("networks", f"There is no network {network_id}.") for network_id in unseen])

    def _commit(self, *writes: Write) -> None:
        retry_on_conflict(self.clock, lambda: self.transactions.commit(Commit(None, writes)), what="this API token")


def _is_theirs(token_id: PrincipalId, by: Principal) -> bool:
    is_administrator = by.role is Role.ADMINISTRATOR and by.networks is None
    return is_administrator or maker_of(token_id) == by.person_id


def _proved(token: Token, found: ApiToken, maker: User | None, admission: Admission, now: datetime) -> Principal:
    """Raises Unauthenticated."""
    if not token.proves(found.secret):
        raise Unauthenticated(NOT_KNOWN)
    if found.is_expired(now):
        raise Unauthenticated("This API token has expired. Create a new one.")
    return narrowed(found, maker, admission)


def narrowed(token: ApiToken, maker: User | None, admission: Admission) -> Principal:
    """Raises Unauthenticated: its maker is gone, suspended, or may nothing that the token may."""
    principal = Principal(
        token.id, token.name, token.role, token.networks, token.expires_at, maker_id=DEPLOYMENT_ITSELF
    )
    if token.maker_id == DEPLOYMENT_ITSELF:
        return replace(principal, peer_limit=admission.peer_limit(token.role))
    if maker is None or maker.created_at > token.created_at:  # removed, and come back since
        raise Unauthenticated("Who made this API token is no longer a user here. Create a new one.")
    try:
        own = standing(maker, admission)
    except Suspended as refusal:
        raise Unauthenticated("Who made this API token is suspended here.") from refusal
    if own is None:
        raise Unauthenticated("Who made this API token has no role here any more.")
    role = lesser_role(token.role, own.role)
    if role is None:
        detail = f"This API token has ended: its maker is {own.role} now, and it was made as {token.role}."
        raise Unauthenticated(detail)
    networks = common_networks(token.networks, own.networks)
    return replace(
        principal,
        role=role,
        networks=networks,
        maker_id=maker.id,
        account_revision=maker.revision,
        peer_limit=admission.peer_limit(role),
    )
