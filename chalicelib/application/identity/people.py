"""Persons, by the tokens of their identity provider.

Requests: 1, and 1 more once in ten minutes. A person who is new: 1 read for their invitation, and 1 transaction. When
what decides what they may do has changed at the provider: 1 transaction; of another address 2 reads more.
"""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.writes import Audit, Commit
from chalicelib.domain.identity.act import act_on_user
from chalicelib.domain.identity.audit import Actor, ActorKind, AuditId
from chalicelib.domain.identity.principal import Caller, Principal
from chalicelib.domain.identity.user import (
    Admission,
    Claims,
    User,
    admitted,
    advanced,
    counted,
    seen,
    user_id,
    with_invitation,
)
from chalicelib.domain.identity.writes import (
    ClaimEmail,
    IdentityWrite,
    PutUser,
    ReleaseEmail,
    RemoveUser,
    membership,
)
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.identity import IdentityTokens
from chalicelib.ports.outside import Clock, Randomness
from chalicelib.ports.transactions import Transactions

SEEN_NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class People:
    store: AccountStore
    transactions: Transactions
    tokens: IdentityTokens
    admission: Admission
    clock: Clock
    randomness: Randomness

    def authenticate(self, token: str, source: str | None = None) -> Principal:
        """Who calls.

        Args:
            source: the caller's address, for the audit log.

        Raises:
            Unauthenticated, IssuerDiffers, IdentityProviderUnreachable, Suspended, NotInvited, Busy.
        """
        claims = self.tokens.verify(token)
        return retry_on_conflict(self.clock, lambda: self._admitted(claims, source), what="this account")

    def _admitted(self, claims: Claims, source: str | None) -> Principal:
        known, settings = self.store.user(user_id(claims.issuer, claims.subject))
        admission = self.admission.with_settings(settings)
        told = seen(known, claims, self.clock.now())
        if known is None:
            return self._newcomer(told, claims, admission, source)
        user = advanced(known, counted(told, admission))
        if user.revision != known.revision:  # also of who is refused then: their API tokens go by it
            writes = [*membership(known, user, is_fact=True), *self._emails(known, user)]
            self._commit(known, user, "user_changed", writes, source)
        principal = admitted(user, claims, admission)
        if user.revision == known.revision and _is_due(known, user):
            self.store.note_seen(user, self.clock.now())
        return principal

    def _newcomer(self, user: User, claims: Claims, admission: Admission, source: str | None) -> Principal:
        """Let in who was invited, or has a role without; of strangers nothing is kept."""
        holder_id, invitation = (None, None) if user.email is None else self.store.of_email(user.email)
        writes: list[IdentityWrite] = []
        if invitation is not None and holder_id == invitation.id:
            user = with_invitation(user, invitation)
            writes.append(RemoveUser(invitation))
        if user.email is not None and holder_id in (None, invitation and invitation.id):
            writes.append(ClaimEmail(user.email, user.id, holder_id))
        user = counted(user, admission)
        principal = admitted(user, claims, admission)
        self._commit(None, user, "user_joined", [*writes, *membership(None, user, is_fact=True)], source)
        return principal

    def _emails(self, known: User, user: User) -> list[IdentityWrite]:
        """What follows when a person's address is another: it is theirs unless it is somebody's."""
        if known.email == user.email:
            return []
        writes: list[IdentityWrite] = []
        if known.email is not None and self.store.of_email(known.email)[0] == user.id:
            writes.append(ReleaseEmail(known.email, user.id))
        if user.email is not None and self.store.of_email(user.email)[0] is None:
            writes.append(ClaimEmail(user.email, user.id))
        return writes

    def _commit(
        self, known: User | None, user: User, action: str, writes: list[IdentityWrite], source: str | None
    ) -> None:
        by = Caller(Actor(ActorKind.PERSON, user.id, user.called), source)
        act = act_on_user(action, known, user).record(AuditId(self.randomness.new_id("aud")), self.clock.now(), by)
        self.transactions.commit(Commit(None, (PutUser(user), *writes, Audit(act))))


def _is_due(known: User, user: User) -> bool:
    if known.last_seen_at is None or user.last_seen_at is None or known.name != user.name:
        return True
    return user.last_seen_at - known.last_seen_at >= SEEN_NOTED_EVERY
