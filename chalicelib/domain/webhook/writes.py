"""What a transaction writes of webhooks, as values; beside `domain/change/writes`."""

from dataclasses import dataclass

from chalicelib.domain.webhook.hook import Hook


@dataclass(frozen=True, slots=True)
class PutHook:
    """Create (revision 1) or replace a webhook. Fails as a conflict when another revision was written first."""

    hook: Hook


@dataclass(frozen=True, slots=True)
class RemoveHook:
    """Fails as a conflict when the webhook changed since it was read."""

    hook: Hook


HookWrite = PutHook | RemoveHook
OPTIMISTIC = (PutHook, RemoveHook)
"""Their conditions say that nobody was first."""
