"""How far agents are, over every engine."""

from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import (
    AdmitAgent,
    CreateNetwork,
    ForgetAgent,
)
from chalicelib.domain.ids import ConnectionId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.presence import Applied
from tests.builders import T0, a_dynamic, a_jump, said_by
from tests.contracts.stores import HOST, LAB, advance, commit, wanted


@pytest.fixture
def shared_lab(shared_outside: Outside) -> Network:
    """Not on moto, which runs no condition of a statement."""
    commit(shared_outside, LAB, CreateNetwork(LAB))
    return LAB


def test_wanted_of_many_is_raised_but_of_those_that_are_gone_or_want_a_newer_one(
    shared_outside: Outside, shared_lab: Network
) -> None:
    agents = [a_dynamic(number).id for number in range(2, 62)]
    gone, ahead = agents[3::7], agents[5::7]
    for agent in agents:
        if agent not in gone:
            shared_lab = advance(
                shared_outside, shared_lab, AdmitAgent(agent, Revision(9 if agent in ahead else 5), HOST)
            )

    shared_outside.progress.raise_wanted({agent: Revision(8 if agent in agents[::2] else 7) for agent in agents})

    found = {agent: wanted(shared_outside, agent) for agent in agents}
    raised = {agent: 9 if agent in ahead else 8 if agent in agents[::2] else 7 for agent in agents}
    assert found == {agent: None if agent in gone else raised[agent] for agent in agents}


def test_wanted_only_rises_and_never_returns_a_forgotten_agent(shared_outside: Outside, shared_lab: Network) -> None:
    agent = a_dynamic().id
    shared_lab = advance(shared_outside, shared_lab, AdmitAgent(agent, Revision(5), HOST))

    shared_outside.progress.raise_wanted(dict.fromkeys([agent, a_jump().id], Revision(7)))
    shared_outside.progress.raise_wanted({agent: Revision(6)})
    assert wanted(shared_outside, agent) == 7
    assert wanted(shared_outside, a_jump().id) is None

    advance(shared_outside, shared_lab, ForgetAgent(agent))
    shared_outside.progress.raise_wanted({agent: Revision(9)})
    assert wanted(shared_outside, agent) is None
    assert shared_outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0) is None
    assert shared_outside.presence.note_connected(said_by(agent), ConnectionId("c"), "i", T0) is None
    shared_outside.presence.note_disconnected(agent, ConnectionId("c"), T0)
    assert shared_outside.presence.of([agent]) == {}


def test_what_runs_is_the_revision_reported_last(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    assert outside.progress.applied_revision(agent) == 0
    outside.progress.note_applied(said_by(agent), Revision(7), "hash", T0)
    assert outside.progress.applied_revision(agent) == 7


def test_a_report_of_an_older_bundle_is_history(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    assert outside.progress.note_failure(said_by(agent), "no such device", T0)
    assert outside.progress.note_applied(said_by(agent), Revision(7), "seven", T0) == 0
    assert outside.progress.note_applied(said_by(agent), Revision(6), "six", T0) is None
    assert outside.progress.note_applied(said_by(agent), Revision(7), "seven again", T0 + timedelta(seconds=1)) == 7
    assert outside.progress.note_applied(said_by(a_jump().id), Revision(7), "nobody", T0) is None
    assert outside.progress.note_failure(said_by(a_jump().id), "nobody", T0) is False
    seen = outside.presence.of([agent])[agent]
    assert seen is not None
    assert seen.applied == Applied(Revision(7), "seven again", T0 + timedelta(seconds=1), None)
