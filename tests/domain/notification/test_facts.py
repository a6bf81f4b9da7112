"""The events of presence: who is away for longer than a reconnect, who is back, who is late."""

from datetime import datetime, timedelta

import pytest

from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId
from chalicelib.domain.notification.facts import (
    MOST_LATE,
    is_still_away,
    late_events,
    offline_check,
    offline_event,
    online_event,
    returned,
)
from chalicelib.domain.peer.failover import AgentLiveness
from chalicelib.domain.peer.presence import Fact, FactKind
from chalicelib.domain.webhook.delivery import OfflineCheck
from chalicelib.domain.webhook.event import EventType
from tests.builders import T0, a_dynamic

LAB, PEER = NetworkId("net_lab"), a_dynamic()
SECOND = timedelta(seconds=1)
CHECK = OfflineCheck(LAB, PEER.id, T0)


def a_fact(kind: FactKind, peer_id: PeerId = PEER.id, at: datetime = T0, is_return: bool = False) -> Fact:
    return Fact(LAB, peer_id, kind, at, is_return=is_return)


@pytest.mark.parametrize("kind", FactKind)
def test_only_an_agent_that_went_is_looked_at_later(kind: FactKind) -> None:
    assert offline_check(a_fact(kind)) == (CHECK if kind is FactKind.DISCONNECTED else None)


@pytest.mark.parametrize(
    ("liveness", "is_away"),
    [
        (AgentLiveness(None, T0 - SECOND, closed_at=T0), True),
        (AgentLiveness(None, None, closed_at=T0), True),
        (AgentLiveness(ConnectionId("silent"), T0 - SECOND), True),
        (AgentLiveness(ConnectionId("new"), T0 + SECOND, closed_at=T0), False),
        (AgentLiveness(None, T0 + SECOND, closed_at=T0 + 2 * SECOND), False),
    ],
)
def test_an_agent_that_spoke_since_is_not_away(liveness: AgentLiveness, is_away: bool) -> None:
    assert is_still_away(CHECK, liveness) is is_away


def test_an_absence_is_one_event_however_often_it_is_found() -> None:
    event = offline_event(CHECK, PEER)

    assert (event.type, event.data["name"], event.network_id) == (EventType.PEER_OFFLINE, PEER.name, LAB)
    assert offline_event(CHECK, PEER).id == event.id


def test_an_agent_is_online_when_it_is_back_and_not_when_it_opens_another_socket() -> None:
    back, again = a_fact(FactKind.CONNECTED, is_return=True), a_fact(FactKind.CONNECTED)

    assert list(returned([again, back, a_fact(FactKind.APPLIED)])) == [back]
    assert online_event(back, PEER).type is EventType.PEER_ONLINE


def test_all_that_one_look_finds_late_are_one_event() -> None:
    peer_ids = [PeerId(f"dyn_{number:04d}") for number in range(MOST_LATE + 5)]
    facts = [a_fact(FactKind.LATE, peer_id) for peer_id in reversed(peer_ids)]
    later = a_fact(FactKind.LATE, at=T0 + SECOND)

    first, second = late_events([*facts, later, a_fact(FactKind.CONNECTED)])

    assert first.data["peer_ids"] == tuple(peer_ids[:MOST_LATE])
    assert second.data["peer_ids"] == (PEER.id,)
    assert next(late_events(facts[:3])).id == first.id
