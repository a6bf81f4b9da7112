"""The events of people's records."""

from dataclasses import replace

import pytest

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import User
from chalicelib.domain.ids import PrincipalId, Revision
from chalicelib.domain.notification.accounts import event_of_user
from chalicelib.domain.webhook.event import EventType
from tests.builders import T0

USER = User(PrincipalId("usr_1"), "https://idp", "sub", "ada@example.org", "Ada", T0, role=Role.OPERATOR)
SUSPENDED = replace(USER, is_suspended=True, revision=Revision(2))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, USER, EventType.USER_CREATED),
        (USER, None, EventType.USER_REMOVED),
        (USER, replace(USER, role=Role.AUDITOR, revision=Revision(2)), EventType.USER_CHANGED),
        (USER, SUSPENDED, EventType.USER_SUSPENDED),
        (SUSPENDED, USER, EventType.USER_RESTORED),
        (USER, replace(USER, last_seen_at=T0), None),
        (USER, replace(USER, name="Ada L."), None),
    ],
)
def test_what_people_may_do_is_told_of_and_when_they_were_seen_is_not(
    before: User | None, after: User | None, expected: EventType | None
) -> None:
    event = event_of_user(before, after, T0)

    assert (event and event.type) == expected
    assert event is None or (event.network_id is None and event.data["user_id"] == "usr_1")
