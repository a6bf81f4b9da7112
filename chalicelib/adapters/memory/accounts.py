"""Who a credential belongs to, in memory."""

from dataclasses import replace
from datetime import datetime

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.api_token import ApiToken, LastUse, maker_of
from chalicelib.domain.identity.deployment import DeploymentSettings
from chalicelib.domain.identity.user import User, invitation_id
from chalicelib.domain.ids import PrincipalId


class MemoryAccounts:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def user(self, user_id: PrincipalId) -> tuple[User | None, DeploymentSettings | None]:
        return self._tables.users.get(user_id), self._tables.settings

    def token(self, token_id: PrincipalId) -> tuple[ApiToken | None, User | None, DeploymentSettings | None]:
        token = self._tables.tokens.get(token_id)
        return token, self._tables.users.get(maker_of(token_id)), self._tables.settings

    def settings(self) -> DeploymentSettings | None:
        return self._tables.settings

    def of_email(self, email: str) -> tuple[PrincipalId | None, User | None]:
        key = invitation_id(email)
        return self._tables.emails.get(key), self._tables.users.get(key)

    def note_seen(self, user: User, at: datetime) -> None:
        if (stored := self._tables.users.get(user.id)) is not None:
            told = replace(stored, name=user.name, told_at=user.told_at, last_seen_at=at)
            self._tables.users[user.id] = told

    def note_use(self, token: ApiToken, use: LastUse) -> None:
        if (stored := self._tables.tokens.get(token.id)) is not None:
            self._tables.tokens[token.id] = replace(stored, last_use=use)
