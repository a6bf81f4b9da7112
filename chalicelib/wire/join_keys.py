"""Join keys of a network, `/api/v1/networks/{network_id}/join-keys`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.wire.codec import Answer, Request


class CreateJoinKey(Request, frozen=True):
    """`uses`: so many peers it makes at most, null for no limit. `needs_approval`: peers wait for a person.
    `ephemeral`: peers vanish when they leave, or after 10 minutes offline. The rest is given to its peers."""

    name: str
    uses: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    expires_in_days: Annotated[int, Meta(ge=1, le=366)] = 90
    needs_approval: bool = False
    ephemeral: bool = False
    tags: list[str] = []
    is_isolated: bool = False
    full_encapsulation: bool = False


class JoinKey(Answer, frozen=True):
    """`used`: so many peers it has made. `created_by`: the name of who made it."""

    id: str
    network_id: str
    name: str
    state: Literal["active", "expired", "revoked", "used_up"]
    uses: int | None
    used: int
    needs_approval: bool
    ephemeral: bool
    tags: list[str]
    is_isolated: bool
    full_encapsulation: bool
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class JoinKeyCreated(Answer, frozen=True):
    """`secret`: the key's text, shown this once: null when `replayed`."""

    key: JoinKey
    secret: str | None
    replayed: bool = False
