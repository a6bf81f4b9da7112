"""Who calls: tokens, and the accounts behind them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code`: what, stable. `remedy`: what to do; empty: nothing."""

    code: str
    level: Literal["ok", "warning", "error"]
    message: str
    remedy: str = ""


class Pool(Protocol):
    """Where people have their passwords, when that is the deployment's own."""

    def invite(self, email: str) -> bool:
        """Have an address written to, with what it takes to sign in; again, if they never did.

        False: nobody was written to, as they have a password already, or the provider is another's.

        Raises:
            PoolUnreachable.
        """
        ...


class IdentityTokens(Protocol):
    """What the identity provider signs for people."""

    def verify(self, token: str) -> Claims:
        """Raises Unauthenticated, IssuerDiffers, IdentityProviderUnreachable."""
        ...

    def findings(self) -> list[Finding]:
        """Ask the provider whether it and the deployment's settings fit, each time anew: 2 calls outside at most."""
        ...
