"""Who calls: tokens, and the accounts behind them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.identity.user import Claims


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


class IdentityTokens(Protocol):
    """What the identity provider signs for people."""

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated, IdentityProviderUnreachable."""
        ...
