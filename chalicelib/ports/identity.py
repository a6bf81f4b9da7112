"""Who calls: tokens, and the accounts behind them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Agent, Principal
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import Claims, User
from chalicelib.domain.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion. `id` may be used once until `expires_at`."""

    id: str
    expires_at: datetime


class Assertions(Protocol):
    """What an agent signs with its device key."""

    def claimed(self, assertion: str) -> Agent:
        """Whom it claims to speak for, unproved. Raises Unauthenticated."""
        ...

    def verify(self, assertion: str, device_key: str) -> Assertion:
        """Raises Unauthenticated: signature, audience or time."""
        ...


@dataclass(frozen=True, slots=True)
class ApiToken:
    principal: Principal
    secret: Secret
    expires_at: datetime | None


class IdentityTokens(Protocol):
    """What the identity provider signs for people."""

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated, IdentityProviderUnreachable."""
        ...


class AccountStore(Protocol):
    def get_user(self, user_id: PrincipalId) -> User | None: ...

    def add_user(self, user: User) -> None:
        """Keep a new person's record; no effect when there is one."""
        ...

    def put_token(self, token: ApiToken) -> None: ...

    def get_token(self, token_id: str) -> ApiToken | None: ...
