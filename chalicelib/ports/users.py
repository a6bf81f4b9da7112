"""People and API tokens as administrators look at them."""

from collections.abc import Collection
from typing import Protocol

from chalicelib.domain.identity.api_token import ApiToken
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId


class UserStore(Protocol):
    """Reads are consistent; commits write."""

    def get(self, user_id: PrincipalId) -> User | None:
        """A person's record, or an invitation. 1 request."""
        ...

    def known(self, user_ids: Collection[PrincipalId]) -> frozenset[PrincipalId]:
        """Those that are people's or invitations'. 1 request a hundred."""
        ...

    def page(self, limit: int, after: PrincipalId | None) -> tuple[list[User], PrincipalId | None]:
        """The next records by id, and the id to go on after; None: there are no more. 1 request."""
        ...

    def administrators(self) -> frozenset[PrincipalId]:
        """Who is one, as last known, and not suspended. 1 request."""
        ...

    def owned(self, owner_id: PrincipalId) -> list[tuple[NetworkId, PeerId]]:
        """The peers of a person, in a stable order. 1 request."""
        ...

    def owned_counts(self, owner_ids: Collection[PrincipalId]) -> dict[PrincipalId, int]:
        """How many peers each owns. 1 request for 100."""
        ...


class TokenStore(Protocol):
    """Reads are consistent; commits write."""

    def get(self, token_id: PrincipalId) -> ApiToken | None:
        """1 request."""
        ...

    def page(
        self, limit: int, after: PrincipalId | None, maker_id: PrincipalId | None = None
    ) -> tuple[list[ApiToken], PrincipalId | None]:
        """The next tokens by id, of one maker or of all, and the id to go on after; None: there are no more.
        1 request."""
        ...
