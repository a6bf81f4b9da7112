"""Join keys of a network: make, look at, revoke.

Requests: create, revoke 1 read and 1 transaction; list 2 reads; get 1.
"""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import Audit, Commit, SettleRequest, Write
from chalicelib.domain.identity.audit import AuditId, AuditRecord, Details, Target, TargetKind
from chalicelib.domain.identity.errors import JoinKeyNotFound
from chalicelib.domain.identity.join_key import JoinKey, PeerTerms
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.identity.writes import PutJoinKey, RevokeJoinKey
from chalicelib.domain.ids import JoinKeyId, NetworkId
from chalicelib.ports.join_keys import JoinKeyStore
from chalicelib.ports.network import NetworkStore
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import Transactions


@dataclass(frozen=True, slots=True)
class NewJoinKey:
    """What an operator asks for, parsed. `uses` None: no limit."""

    name: str
    terms: PeerTerms
    uses: int | None
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class JoinKeys:
    transactions: Transactions
    store: JoinKeyStore
    networks: NetworkStore
    clock: Clock
    randomness: Randomness

    def create(
        self, network_id: NetworkId, new: NewJoinKey, by: Principal, request: Replayable | None = None
    ) -> tuple[JoinKey, Token]:
        """Make a key; its text exists in the answer only."""
        by.require_sight(network_id)
        self.networks.get(network_id)
        now = self.clock.now().replace(microsecond=0)
        key_id = JoinKeyId(self.randomness.new_id("key"))
        token = Token("wirety_join", f"{network_id}:{key_id}", self.randomness.secret())
        key = JoinKey(
            id=key_id,
            network_id=network_id,
            name=new.name,
            secret=token.hashed(),
            terms=new.terms,
            uses=new.uses,
            created_by=by.name,
            created_at=now,
            expires_at=now + new.lifetime,
        )
        writes: list[Write] = [PutJoinKey(key), self._audit("join_key_created", key, by, after=_details(key))]
        if request is not None:
            writes.append(SettleRequest(request.done(key.id)))
        retry_on_conflict(
            self.clock, lambda: self.transactions.commit(Commit(None, tuple(writes))), what="this join key"
        )
        return key, token

    def get(self, network_id: NetworkId, key_id: JoinKeyId, by: Principal) -> JoinKey:
        by.require_sight(network_id)
        key = self.store.get(network_id, key_id)
        if key is None:
            raise JoinKeyNotFound(key_id)
        return key

    def page(
        self, network_id: NetworkId, after: str | None, limit: int, by: Principal
    ) -> tuple[list[JoinKey], str | None]:
        """Up to `limit` keys in the order they were made, and the cursor of the next page."""
        by.require_sight(network_id)
        self.networks.get(network_id)
        return self.store.page(network_id, limit, None if after is None else JoinKeyId(after))

    def revoke(self, network_id: NetworkId, key_id: JoinKeyId, by: Principal) -> None:
        """Have a key make no more peers; those it made stay. No effect if it is revoked already."""

        def attempt() -> None:
            key = self.get(network_id, key_id, by)
            if key.revoked_at is None:
                revoked = RevokeJoinKey(key, self.clock.now())
                audit = self._audit("join_key_revoked", key, by, before=_details(key))
                self.transactions.commit(Commit(None, (revoked, audit)))

        retry_on_conflict(self.clock, attempt, what="this join key")

    def _audit(
        self, action: str, key: JoinKey, by: Principal, before: Details | None = None, after: Details | None = None
    ) -> Audit:
        caller = by.caller
        return Audit(
            AuditRecord(
                id=AuditId(self.randomness.new_id("aud")),
                at=self.clock.now(),
                actor=caller.actor,
                source=caller.source,
                action=action,
                target=Target(TargetKind.JOIN_KEY, key.id, key.name),
                network_id=key.network_id,
                before=before,
                after=after,
                request_id=caller.request_id,
            )
        )


def _details(key: JoinKey) -> Details:
    terms = key.terms
    return {
        "name": key.name,
        "uses": key.uses,
        "used": key.used,
        "expires_at": key.expires_at.isoformat(),
        "needs_approval": terms.needs_approval,
        "is_ephemeral": terms.is_ephemeral,
        "tags": terms.tags,
        "is_isolated": terms.is_isolated,
        "full_encapsulation": terms.full_encapsulation,
    }
