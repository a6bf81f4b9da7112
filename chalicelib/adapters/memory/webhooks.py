"""Webhooks and their deliveries, in memory, and receivers that answer as they are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from chalicelib.adapters.memory.tables import MemoryTables
from chalicelib.domain.ids import HookId
from chalicelib.domain.webhook.delivery import Answer, Delivery
from chalicelib.domain.webhook.event import EventId
from chalicelib.domain.webhook.hook import Hook
from chalicelib.domain.webhook.writes import HookWrite, PutHook, RemoveHook
from chalicelib.ports.webhooks import Post

TAKEN = Answer(1, 204)


class MemoryHooks:
    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def every(self) -> Sequence[Hook]:
        return [hook for _, hook in sorted(self._tables.hooks.items())]

    def get(self, hook_id: HookId) -> Hook | None:
        return self._tables.hooks.get(hook_id)

    def with_deliveries(
        self, keys: Collection[tuple[HookId, EventId]]
    ) -> tuple[Mapping[HookId, Hook], Mapping[tuple[HookId, EventId], Delivery]]:
        hooks, deliveries = self._tables.hooks, self._tables.deliveries
        return (
            {hook_id: hooks[hook_id] for hook_id, _ in keys if hook_id in hooks},
            {key: deliveries[key] for key in keys if key in deliveries},
        )

    def deliveries(
        self, hook_id: HookId, limit: int, before: EventId | None
    ) -> tuple[Sequence[Delivery], EventId | None]:
        own = {event_id: one for (owner, event_id), one in self._tables.deliveries.items() if owner == hook_id}
        found = [own[event_id] for event_id in sorted(own, reverse=True) if before is None or event_id < before]
        return found[:limit], found[limit - 1].event.id if len(found) > limit else None

    def put_delivery(self, hook_id: HookId, delivery: Delivery) -> None:
        self._tables.deliveries[hook_id, delivery.event.id] = delivery

    def note_failing(self, hook_id: HookId, since: datetime | None) -> None:
        hook = self._tables.hooks.get(hook_id)
        if hook is not None:
            noted = None if since is None else hook.failing_since or since
            self._tables.hooks[hook_id] = replace(hook, failing_since=noted)


class MemoryReceivers:
    """`answers`: those to come, in turn; then everything is taken. `posts`: what was sent."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.posts: list[Post] = []

    def post_all(self, posts: Sequence[Post]) -> Sequence[Answer]:
        self.posts += posts
        return [self.answers.pop(0) if self.answers else TAKEN for _ in posts]


def hook_holds(tables: MemoryTables, write: HookWrite) -> bool:
    """Whether the write's own condition is met."""
    stored = tables.hooks.get(write.hook.id)
    match write:
        case PutHook(hook):
            return stored is None if hook.revision == 1 else stored is not None and stored.revision == hook.revision - 1
        case RemoveHook(hook):
            return stored is not None and stored.revision == hook.revision
        case _:
            assert_never(write)


def write_hook(tables: MemoryTables, write: HookWrite) -> None:
    match write:
        case PutHook(hook):
            tables.hooks[hook.id] = hook
        case RemoveHook(hook):
            del tables.hooks[hook.id]
        case _:
            assert_never(write)
