"""Incidents, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import AdmitAgent, Commit, MarkAgent
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, IncidentId, NetworkId, PeerId, Revision
from chalicelib.domain.incident.containment import ObserverBlocks
from chalicelib.domain.incident.errors import IncidentNotFound
from chalicelib.domain.incident.incident import Action, Incident, Resolution, State, Step, blocked, noted, resolved
from chalicelib.domain.incident.listing import IncidentFilter, IncidentPage
from chalicelib.domain.incident.rules import IncidentType
from chalicelib.domain.incident.writes import (
    IncidentWrite,
    OpenIncident,
    PutObserverBlocks,
    RejectInstances,
    SaveIncident,
)
from chalicelib.ports.incidents import Standing
from chalicelib.ports.transactions import CommitConflict
from tests.builders import T0
from tests.contracts.stores import HOST
from tests.domain.incident.facts import PARIS, PEER
from tests.domain.incident.made import JUMPS, LAB, SECOND, a_conflict, a_step

DONE = Resolution(Action.RESTORE, "found", "Ana", T0 + 60 * SECOND)
SHARED = IncidentType.SHARED_CONFIG
OTHER = NetworkId("net_other")


def write(outside: Outside, *writes: IncidentWrite) -> None:
    outside.transactions.commit(Commit(None, writes))


def an_open(outside: Outside, step: Step) -> Incident:
    write(outside, OpenIncident(*step))
    return step[0]


def test_an_incident_comes_back_as_it_was_opened(outside: Outside) -> None:
    plain = an_open(outside, a_step())
    blocking = an_open(outside, blocked(a_step(2, a_conflict()), Revision(7), JUMPS, T0))

    assert outside.incidents.get(plain.id) == plain
    assert outside.incidents.get(blocking.id) == blocking
    with pytest.raises(IncidentNotFound):
        outside.incidents.get(IncidentId("inc_none"))


def test_one_of_a_peer_and_type_is_open(outside: Outside) -> None:
    first = an_open(outside, a_step(1))

    with pytest.raises(CommitConflict):
        an_open(outside, a_step(2))
    an_open(outside, a_step(3, a_conflict()))
    an_open(outside, a_step(4, peer_id=PeerId("dyn_other")))
    an_open(outside, a_step(5, network_id=OTHER))
    assert outside.incidents.standing(LAB, PEER, SHARED, None) == Standing(first, None, None)


def test_another_may_open_once_it_is_resolved(outside: Outside) -> None:
    first = an_open(outside, a_step(1))
    write(outside, SaveIncident(first, *resolved(first, DONE)))

    assert outside.incidents.standing(LAB, PEER, SHARED, None) == Standing(None, DONE.at, None)
    second = an_open(outside, a_step(2))
    assert outside.incidents.standing(LAB, PEER, SHARED, None) == Standing(second, None, None)


def test_nothing_is_known_of_a_peer_that_had_none(outside: Outside) -> None:
    assert outside.incidents.standing(LAB, PEER, SHARED, None) == Standing()
    assert outside.incidents.standing(LAB, PEER, SHARED, PARIS.id) == Standing(blocks=ObserverBlocks(LAB, PARIS.id))


def test_an_observers_blocks_are_kept(outside: Outside) -> None:
    blocks = ObserverBlocks(LAB, PARIS.id).with_one(T0).with_one(T0 + timedelta(minutes=5)).with_one(T0)
    write(outside, PutObserverBlocks(blocks))

    assert outside.incidents.standing(LAB, PEER, SHARED, PARIS.id).blocks == blocks


def test_a_step_from_an_older_version_is_a_conflict(outside: Outside) -> None:
    first = an_open(outside, a_step())
    write(outside, SaveIncident(first, *noted(first, "one", "Ana", T0)))

    with pytest.raises(CommitConflict):
        write(outside, SaveIncident(first, *noted(first, "two", "Ana", T0)))
    assert outside.incidents.get(first.id).notes == 1


def test_the_timeline_is_read_by_pages_and_in_the_order_of_time(outside: Outside) -> None:
    incident, entries = a_step(t=9)
    write(outside, OpenIncident(incident, entries))
    early = noted(incident, "before all that", "Ana", T0 - 60 * SECOND)
    write(outside, SaveIncident(incident, *early))

    first, place = outside.incidents.timeline(incident.id, 2, None)
    second, last = outside.incidents.timeline(incident.id, 2, place)

    assert [*first, *second] == [*early[1], *entries]
    assert last is None
    assert outside.incidents.timeline(IncidentId("inc_none"), 2, None) == ([], None)


@pytest.fixture
def several(outside: Outside) -> list[Incident]:
    """The newest first: of this network two of the laptop, the last resolved, and one of another peer; one of another
    network."""
    made = [
        an_open(outside, a_step(1)),
        an_open(outside, a_step(2, peer_id=PeerId("dyn_other"))),
        an_open(outside, a_step(3, network_id=OTHER)),
        an_open(outside, a_step(4, a_conflict())),
    ]
    step = resolved(made[3], DONE)
    write(outside, SaveIncident(made[3], *step))
    return [step[0], made[2], made[1], made[0]]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (IncidentFilter(), [0, 1, 2, 3]),
        (IncidentFilter(network_id=LAB), [0, 2, 3]),
        (IncidentFilter(peer_id=PEER), [0, 1, 3]),
        (IncidentFilter(state=State.RESOLVED), [0]),
        (IncidentFilter(state=State.OPEN), [1, 2, 3]),
        (IncidentFilter(state=State.CONTAINED), []),
        (IncidentFilter(type=SHARED), [1, 2, 3]),
        (IncidentFilter(network_id=LAB, peer_id=PEER, state=State.OPEN, type=SHARED), [3]),
    ],
)
def test_incidents_are_found_by_what_is_wanted(
    outside: Outside, several: list[Incident], wanted: IncidentFilter, places: list[int]
) -> None:
    assert outside.incidents.page(wanted, 50) == IncidentPage(tuple(several[place] for place in places), None)


def test_a_page_ends_where_the_next_begins(outside: Outside, several: list[Incident]) -> None:
    first = outside.incidents.page(IncidentFilter(), 3)

    assert first == IncidentPage(tuple(several[:3]), several[2].id)
    assert outside.incidents.page(IncidentFilter(), 3, first.next) == IncidentPage(tuple(several[3:]), None)


def test_incidents_are_counted_by_state_and_type(outside: Outside, several: list[Incident]) -> None:
    assert several
    assert outside.incidents.counts(None).of == {
        (State.OPEN, SHARED): 3,
        (State.RESOLVED, IncidentType.SESSION_CONFLICT): 1,
    }
    assert outside.incidents.counts([OTHER]).of == {(State.OPEN, SHARED): 1}
    assert outside.incidents.counts([OTHER, NetworkId("net_none")]).of == {(State.OPEN, SHARED): 1}
    assert outside.incidents.counts([]).of == {}


def test_a_state_is_counted_once_however_often_it_is_saved(outside: Outside) -> None:
    incident = an_open(outside, blocked(a_step(), Revision(7), frozenset(), T0))
    write(outside, SaveIncident(incident, *noted(incident, "?", "Ana", T0)))

    assert outside.incidents.counts(None).of == {(State.CONTAINED, SHARED): 1}


def greeted(outside: Outside, instance_id: str) -> bool:
    agent = Agent(LAB, PEER)
    connected = outside.presence.note_connected(agent, ConnectionId("c"), instance_id, T0)
    beat = outside.presence.note_heartbeat(agent, instance_id, 1, None, T0)
    assert (connected is None) is (beat is None)
    return connected is not None


def test_a_rejected_instance_is_heard_no_more(outside: Outside) -> None:
    outside.transactions.commit(Commit(None, (AdmitAgent(PEER, Revision(1), HOST),)))
    write(outside, RejectInstances(PEER, frozenset({"b", "c"})))

    assert [greeted(outside, name) for name in "abc"] == [True, False, False]
    write(outside, RejectInstances(PEER, frozenset({"c"})))
    assert [greeted(outside, name) for name in "abc"] == [True, True, False]
    write(outside, RejectInstances(PEER, frozenset()))
    assert [greeted(outside, name) for name in "abc"] == [True, True, True]


def test_who_is_unblocked_is_heard_by_every_instance(outside: Outside) -> None:
    outside.transactions.commit(Commit(None, (AdmitAgent(PEER, Revision(1), HOST),)))
    write(outside, RejectInstances(PEER, frozenset({"b"})))

    outside.transactions.commit(Commit(None, (MarkAgent(PEER, is_blocked=True),)))
    assert not greeted(outside, "b")
    outside.transactions.commit(Commit(None, (MarkAgent(PEER, is_blocked=False),)))
    assert greeted(outside, "b")


def test_what_was_saved_is_what_is_read(outside: Outside) -> None:
    incident = an_open(outside, a_step())
    step = noted(replace(incident, summary="other words"), "?", "Ana", T0)
    write(outside, SaveIncident(incident, *step))

    assert outside.incidents.get(incident.id) == step[0]
