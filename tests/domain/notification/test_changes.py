"""The events of a change."""

from dataclasses import replace

import pytest

from chalicelib.domain.change.change import Affected, What
from chalicelib.domain.notification.changes import events_of_change
from chalicelib.domain.peer.peer import Peer
from chalicelib.domain.webhook.event import EventType
from tests.builders import a_dynamic, a_key, a_static
from tests.domain.steps import change

PEER = a_dynamic(tags=("edge",))
BLOCKED = replace(PEER, blocked_by=("manual",))
WAITING = replace(PEER, awaits_approval=True)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, PEER, [EventType.PEER_CREATED]),
        (None, WAITING, [EventType.PEER_CREATED, EventType.JOIN_PENDING]),
        (WAITING, PEER, []),
        (PEER, None, [EventType.PEER_DELETED]),
        (BLOCKED, None, [EventType.PEER_DELETED]),
        (PEER, BLOCKED, [EventType.PEER_BLOCKED]),
        (BLOCKED, PEER, [EventType.PEER_UNBLOCKED]),
        (BLOCKED, replace(BLOCKED, blocked_by=("manual", "inc_1")), []),
        (PEER, replace(PEER, public_key=a_key("next")), [EventType.KEY_ROTATED]),
        (replace(PEER, public_key=None), PEER, []),
        (PEER, replace(PEER, name="other"), []),
    ],
)
def test_peers_are_told_of_by_how_they_differ(
    before: Peer | None, after: Peer | None, expected: list[EventType]
) -> None:
    events = list(events_of_change(change(What.PEER_UPDATED, before, after)))

    assert [event.type for event in events] == expected
    assert all(event.data["peer_id"] == PEER.id and event.network_id == "net_lab" for event in events)


def test_each_of_many_peers_is_an_event_of_its_own() -> None:
    peers = (PEER, a_static())
    many = replace(change(What.PEER_CREATED), peers=tuple(Affected(None, peer) for peer in peers))

    events = list(events_of_change(many))

    assert [event.data["peer_id"] for event in events] == [peer.id for peer in peers]
    assert len({event.id for event in events}) == 2
    assert [event.id for event in events_of_change(many)] == [event.id for event in events]


@pytest.mark.parametrize(
    ("what", "expected"), [(What.JUMP_DOWN, EventType.JUMP_DOWN), (What.JUMP_UP, EventType.JUMP_UP)]
)
def test_a_jump_that_falls_or_serves_again_is_named(what: What, expected: EventType) -> None:
    [event] = events_of_change(change(what, note="jmp_0001"))

    assert (event.type, event.data["peer_id"]) == (expected, "jmp_0001")
