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

    def settings(self) -> DeploymentSettings | None:
        """The deployment's settings; None: never written."""
        ...

    def of_email(self, email: str) -> tuple[PrincipalId | None, User | None]:
        """Who holds an e-mail address, a person or an invitation, and the invitation of that address."""
        ...

    def note_seen(self, user: User, at: datetime) -> None:
        """Note when a person was last seen, and by what name; no effect on one that is removed."""
        ...

    def note_use(self, token: ApiToken, use: LastUse) -> None:
        """Note a token's use; no effect on one that is revoked."""
        ...
