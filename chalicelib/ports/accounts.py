"""Who a credential belongs to, in one request each."""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.identity.api_token import ApiToken, LastUse
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId


class AccountStore(Protocol):
    """What checking a credential takes. Commits write it, but for what is noted in passing."""

    def user(self, user_id: PrincipalId) -> tuple[User | None, DeploymentSettings | None]:
        """A person's record and the deployment's settings; None: never written."""
        ...

    def token(self, token_id: PrincipalId) -> tuple[ApiToken | None, User | None, DeploymentSettings | None]:
        """An API token with its maker's record and the deployment's settings."""
        ...

    def add_user(self, user: User) -> None:
        """Keep a new person's record; no effect when there is one."""
        ...

    def note_seen(self, user: User, at: datetime) -> None:
        """Note when a person was last seen and what their groups gave; no effect on one that is removed."""
        ...

    def note_use(self, token: ApiToken, use: LastUse) -> None:
        """Note a token's use; no effect on one that is revoked."""
        ...
