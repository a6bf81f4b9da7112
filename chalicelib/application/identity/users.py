"""Persons, by the tokens of their identity provider.

Requests: 1, and 1 more when a person is seen for the first time, when what their groups give has changed, and once in
ten minutes.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.identity.user import Admission, User, admitted, seen, user_id
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.identity import IdentityTokens
from chalicelib.ports.outside import Clock

SEEN_NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class People:
    store: AccountStore
    tokens: IdentityTokens
    admission: Admission
    clock: Clock

    def authenticate(self, token: str) -> Principal:
        """Raises Unauthenticated, IssuerDiffers, IdentityProviderUnreachable, Suspended, NotInvited."""
        claims = self.tokens.verify(token)
        known, settings = self.store.user(user_id(claims.issuer, claims.subject))
        now = self.clock.now()
        user = seen(known, claims, now)
        principal = admitted(user, claims, self.admission.with_settings(settings))
        if known is None:  # only of those who are let in: strangers fill no table
            self.store.add_user(user)
        elif _is_news(known, user):
            self.store.note_seen(user, now)
        return principal


def _is_news(known: User, user: User) -> bool:
    if known.last_seen_at is None or user.last_seen_at is None:
        return True
    is_due = user.last_seen_at - known.last_seen_at >= SEEN_NOTED_EVERY
    return is_due or replace(known, last_seen_at=user.last_seen_at) != user
