"""People and API tokens as administrators look at them, in memory."""

from collections.abc import Collection

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.identity.api_token import ApiToken
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId


class MemoryUsers:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, user_id: PrincipalId) -> User | None:
        return self._tables.users.get(user_id)

    def known(self, user_ids: Collection[PrincipalId]) -> frozenset[PrincipalId]:
        return frozenset(user_ids) & self._tables.users.keys()

    def page(self, limit: int, after: PrincipalId | None) -> tuple[list[User], PrincipalId | None]:
        later = [self._tables.users[key] for key in sorted(self._tables.users) if after is None or key > after]
        return later[:limit], later[limit - 1].id if len(later) > limit else None

    def administrators(self) -> frozenset[PrincipalId]:
        return frozenset(self._tables.administrators)

    def owned(self, owner_id: PrincipalId) -> list[tuple[NetworkId, PeerId]]:
        return sorted(self._tables.owned.get(owner_id, ()))

    def owned_counts(self, owner_ids: Collection[PrincipalId]) -> dict[PrincipalId, int]:
        return {key: len(self._tables.owned[key]) for key in owner_ids if key in self._tables.owned}


class MemoryTokens:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def get(self, token_id: PrincipalId) -> ApiToken | None:
        return self._tables.tokens.get(token_id)

    def page(
        self, limit: int, after: PrincipalId | None, maker_id: PrincipalId | None = None
    ) -> tuple[list[ApiToken], PrincipalId | None]:
        stored = sorted(self._tables.tokens.values(), key=lambda token: token.id)
        later = [
            token for token in stored if maker_id in (None, token.maker_id) and (after is None or token.id > after)
        ]
        return later[:limit], later[limit - 1].id if len(later) > limit else None
