"""What a written record of a person comes to."""

from datetime import datetime

from chalicelib.domain.identity.user import User
from chalicelib.domain.webhook.event import Event, EventType, event_of


def event_of_user(before: User | None, after: User | None, at: datetime) -> Event | None:
    """None: nothing that others need to know, as when they were seen last.

    Args:
        before, after: None: there was or is none.
        at: when the record was written.
    """
    user = after or before
    kind = _kind(before, after)
    if user is None or kind is None:
        return None
    role = user.role or user.group_role
    return event_of(
        kind,
        at,
        None,
        f"{user.id} {user.revision}",
        user_id=user.id,
        name=user.called,
        role=None if role is None else role.value,
        is_invited=user.is_invited,
    )


def _kind(before: User | None, after: User | None) -> EventType | None:
    if before is None:
        return EventType.USER_CREATED
    if after is None:
        return EventType.USER_REMOVED
    if after.is_suspended != before.is_suspended:
        return EventType.USER_SUSPENDED if after.is_suspended else EventType.USER_RESTORED
    return EventType.USER_CHANGED if after.access != before.access else None
