"""Persons, by the tokens of their identity provider.

Requests: 1, and 1 more when a person is seen for the first time.
"""

from dataclasses import dataclass

from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.identity.user import Admission, admitted, newcomer, user_id
from chalicelib.ports.accounts import AccountStore
from chalicelib.ports.identity import IdentityTokens
from chalicelib.ports.outside import Clock


@dataclass(frozen=True, slots=True)
class People:
    store: AccountStore
    tokens: IdentityTokens
    admission: Admission
    clock: Clock

    def authenticate(self, token: str) -> Principal:
        """Raises Unauthenticated, IssuerDiffers, IdentityProviderUnreachable, NotInvited."""
        claims = self.tokens.verify(token)
        known = self.store.get_user(user_id(claims.issuer, claims.subject))
        user = known or newcomer(claims, self.clock.now())
        principal = admitted(user, claims, self.admission)
        if known is None:  # only of those who are let in: strangers fill no table
            self.store.add_user(user)
        return principal
