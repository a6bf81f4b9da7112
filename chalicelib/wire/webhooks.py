"""Webhooks, `/api/v1/webhooks`, their deliveries, and the body that a receiver is sent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.wire.codec import Answer, Request

EventType = Literal[
    "incident.opened",
    "incident.contained",
    "incident.resolved",
    "peer.created",
    "peer.deleted",
    "peer.blocked",
    "peer.unblocked",
    "peer.online",
    "peer.offline",
    "change.late",
    "jump.down",
    "jump.up",
    "join.pending",
    "key.rotated",
    "user.created",
    "user.changed",
    "user.suspended",
    "user.restored",
    "user.removed",
]
Events = Annotated[list[EventType], Meta(min_length=1, max_length=50)]
Networks = Annotated[list[str], Meta(min_length=1, max_length=100)]


class CreateWebhook(Request, frozen=True):
    """`events`, `networks`: null for all of them; people are told of to webhooks of all networks only."""

    url: str
    description: str = ""
    events: Events | None = None
    networks: Networks | None = None


class PatchWebhook(Request, frozen=True):
    """`enabled`: true sends to a webhook again that was switched off, as if it had never failed."""

    url: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    events: Events | UnsetType | None = UNSET
    networks: Networks | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class Webhook(Answer, frozen=True):
    """`url`: for who may not change webhooks without its path. `failing_since`: when it first failed since it worked
    last; it is switched off after 3 days. `switched_off`: why nothing is sent. `former_secret_until`: until then the
    secret before the last rotation signs as well."""

    id: str
    url: str
    description: str
    events: list[str] | None
    networks: list[str] | None
    enabled: bool
    switched_off: Literal["by_hand", "failing", "gone"] | None
    failing_since: datetime | None
    former_secret_until: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    revision: int


class WebhookSecret(Answer, frozen=True):
    """`secret`: what deliveries are signed with, shown this once: null when `replayed`."""

    webhook: Webhook
    secret: str | None
    replayed: bool = False


class Attempt(Answer, frozen=True):
    """`status`: the receiver's, null: there was no answer, and `error` says why. `answer`: the first 500 characters."""

    at: datetime
    ms: int
    status: int | None
    answer: str
    error: str | None


class Delivery(Answer, frozen=True):
    """`id`: the `webhook-id` of all its attempts. `attempts`: the newest, in order. `next_at`: when it is tried again,
    null: it is not."""

    id: str
    event: str
    at: datetime
    network_id: str | None
    data: dict[str, Any]
    state: Literal["delivered", "waiting", "failed"]
    attempts: list[Attempt]
    next_at: datetime | None


class Event(Answer, frozen=True):
    """What a receiver is sent. `data`: by the type, see docs/webhooks.md."""

    type: str
    timestamp: datetime
    data: dict[str, Any]
