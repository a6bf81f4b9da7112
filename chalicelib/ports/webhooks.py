"""Webhooks and their deliveries, and those who receive them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.ids import HookId
from chalicelib.domain.webhook.address import HookUrl
from chalicelib.domain.webhook.delivery import Answer, Delivery
from chalicelib.domain.webhook.event import EventId
from chalicelib.domain.webhook.hook import Hook


class HookStore(Protocol):
    """Reads of hooks are consistent; commits write them."""

    def every(self) -> Sequence[Hook]:
        """All of the deployment, in the order they were made. 1 request."""
        ...

    def get(self, hook_id: HookId) -> Hook | None:
        """1 request."""
        ...

    def with_deliveries(
        self, keys: Collection[tuple[HookId, EventId]]
    ) -> tuple[Mapping[HookId, Hook], Mapping[tuple[HookId, EventId], Delivery]]:
        """Hooks, and their deliveries of events, as far as there are any. At most 50; 1 request."""
        ...

    def deliveries(
        self, hook_id: HookId, limit: int, before: EventId | None
    ) -> tuple[Sequence[Delivery], EventId | None]:
        """The next deliveries, the newest event first, and the id to go on before, None: there are no more.

        1 request."""
        ...

    def put_delivery(self, hook_id: HookId, delivery: Delivery) -> None:
        """1 request."""
        ...

    def note_failing(self, hook_id: HookId, since: datetime | None) -> None:
        """Note since when a hook fails, where nothing is noted yet; None: it works. No effect on one that is gone.

        1 request."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """One request to a receiver."""

    url: HookUrl
    headers: Mapping[str, str]
    body: bytes


class Receivers(Protocol):
    def post_all(self, posts: Sequence[Post]) -> Sequence[Answer]:
        """Send each, at the same time as the others, and answer what came of it, in the same order, within seconds.

        Whatever goes wrong is an answer.
        """
        ...
