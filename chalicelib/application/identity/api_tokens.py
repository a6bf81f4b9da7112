"""API tokens: create, check.

Requests: check 1, create 1.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.identity.principal import Principal, Role
from chalicelib.domain.identity.tokens import Token, parse_token
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.ports.accounts import AccountStore, ApiToken
from chalicelib.ports.outside import Clock, Randomness


@dataclass(frozen=True, slots=True)
class Accounts:
    store: AccountStore
    clock: Clock
    randomness: Randomness

    def create_token(
        self, name: str, role: Role, networks: Collection[NetworkId] | None = None, lifetime: timedelta | None = None
    ) -> Token:
        """Make an API token; its secret exists in the answer only."""
        token_id = self.randomness.new_id("tok")
        token = Token("wirety_api", token_id, self.randomness.secret())
        seen = None if networks is None else frozenset(networks)
        expires_at = None if lifetime is None else self.clock.now() + lifetime
        self.store.put_token(ApiToken(Principal(PrincipalId(token_id), name, role, seen), token.hashed(), expires_at))
        return token

    def authenticate(self, text: str) -> Principal:
        """Raises Unauthenticated: no API token, unknown, or expired."""
        token = parse_token(text, "wirety_api")
        found = self.store.get_token(token.record)
        if found is None or not token.proves(found.secret):
            raise Unauthenticated("This API token is not known. Check it, or create a new one.")
        if found.expires_at is not None and self.clock.now() >= found.expires_at:
            raise Unauthenticated("This API token has expired. Create a new one.")
        return replace(found.principal, expires_at=found.expires_at)
