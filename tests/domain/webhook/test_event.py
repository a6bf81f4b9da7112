"""Events' ids."""

from datetime import timedelta

from chalicelib.domain.ids import EVENT_ID
from chalicelib.domain.webhook.event import EventType, event_of
from tests.builders import T0


def test_the_same_source_is_the_same_event_and_another_is_another() -> None:
    event = event_of(EventType.PEER_CREATED, T0, None, "7 dyn_1", name="one")

    assert EVENT_ID.match(event.id)
    assert event.id == event_of(EventType.PEER_CREATED, T0, None, "7 dyn_1", name="two").id
    assert event.id != event_of(EventType.PEER_DELETED, T0, None, "7 dyn_1").id
    assert event.id != event_of(EventType.PEER_CREATED, T0, None, "8 dyn_1").id


def test_ids_sort_by_time() -> None:
    events = [event_of(EventType.TEST, T0 + timedelta(milliseconds=n), None, str(n)) for n in range(1000)]

    assert [event.id for event in events] == sorted(event.id for event in events)
