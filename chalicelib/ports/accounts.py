"""The store of API tokens and people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.identity.tokens import Secret
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class ApiToken:
    principal: Principal
    secret: Secret
    expires_at: datetime | None


class AccountStore(Protocol):
    def get_user(self, user_id: PrincipalId) -> User | None: ...

    def add_user(self, user: User) -> None:
        """Keep a new person's record; no effect when there is one."""
        ...

    def put_token(self, token: ApiToken) -> None: ...

    def get_token(self, token_id: str) -> ApiToken | None: ...
