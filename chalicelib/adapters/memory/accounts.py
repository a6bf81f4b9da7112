"""API tokens and people, in memory."""

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId
from chalicelib.ports.accounts import ApiToken


class MemoryAccounts:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get_user(self, user_id: PrincipalId) -> User | None:
        return self._tables.users.get(user_id)

    def add_user(self, user: User) -> None:
        self._tables.users.setdefault(user.id, user)

    def put_token(self, token: ApiToken) -> None:
        self._tables.tokens[token.principal.id] = token

    def get_token(self, token_id: str) -> ApiToken | None:
        return self._tables.tokens.get(token_id)
