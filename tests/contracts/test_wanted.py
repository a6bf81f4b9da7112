"""What agents should have: raised for many at once, each for itself.

Not on moto, which runs no condition of a statement.
"""

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import AdmitAgent, CreateNetwork, ForgetAgent
from chalicelib.domain.ids import ConnectionId, Revision
from chalicelib.domain.network.network import Network
from tests.builders import T0, a_dynamic, a_jump, said_by
from tests.contracts.test_stores import HOST, LAB, advance, commit


@pytest.fixture
def lab(shared_outside: Outside) -> Network:
    commit(shared_outside, LAB, CreateNetwork(LAB))
    return LAB


def test_wanted_of_many_is_raised_but_of_those_that_are_gone_or_want_a_newer_one(
    shared_outside: Outside, lab: Network
) -> None:
    agents = [a_dynamic(number).id for number in range(2, 62)]
    gone, ahead = agents[3::7], agents[5::7]
    for agent in agents:
        if agent not in gone:
            lab = advance(shared_outside, lab, AdmitAgent(agent, Revision(9 if agent in ahead else 5), HOST))

    shared_outside.presence.raise_wanted({agent: Revision(8 if agent in agents[::2] else 7) for agent in agents})

    wanted = {agent: shared_outside.presence.wanted(agent) for agent in agents}
    raised = {agent: 9 if agent in ahead else 8 if agent in agents[::2] else 7 for agent in agents}
    assert wanted == {agent: None if agent in gone else raised[agent] for agent in agents}


def test_nobody_to_raise_is_no_request(shared_outside: Outside) -> None:
    shared_outside.presence.raise_wanted({})


def test_wanted_only_rises_and_never_returns_a_forgotten_agent(shared_outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id
    lab = advance(shared_outside, lab, AdmitAgent(agent, Revision(5), HOST))

    shared_outside.presence.raise_wanted(dict.fromkeys([agent, a_jump().id], Revision(7)))
    shared_outside.presence.raise_wanted({agent: Revision(6)})
    assert shared_outside.presence.wanted(agent) == 7
    assert shared_outside.presence.wanted(a_jump().id) is None

    advance(shared_outside, lab, ForgetAgent(agent))
    shared_outside.presence.raise_wanted({agent: Revision(9)})
    assert shared_outside.presence.wanted(agent) is None
    assert shared_outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0) is None
    assert shared_outside.presence.note_connected(said_by(agent), ConnectionId("c"), "i", T0) is None
    shared_outside.presence.note_disconnected(agent, ConnectionId("c"), T0)
    assert shared_outside.presence.observations(lab.id, [agent]) == {}
