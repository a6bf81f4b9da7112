"""Whether jumps live, over every engine."""

from datetime import timedelta

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import (
    AdmitAgent,
)
from chalicelib.domain.ids import ConnectionId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.failover import AgentLiveness
from tests.builders import T0, a_dynamic, a_jump, said_by
from tests.contracts.stores import HOST, advance


def test_an_accusation_stands_until_the_jump_is_heard(outside: Outside, lab: Network) -> None:
    jump, later = a_jump().id, T0 + timedelta(seconds=5)
    advance(outside, lab, AdmitAgent(jump, Revision(5), HOST))
    outside.presence.note_connected(said_by(jump), ConnectionId("c"), "i", T0)

    assert outside.liveness.accuse(jump, T0) == AgentLiveness(ConnectionId("c"), T0, T0)
    assert outside.liveness.accuse(jump, later) == AgentLiveness(ConnectionId("c"), T0, T0)
    outside.presence.note_sign_of_life(said_by(jump), later)
    assert outside.liveness.of(jump) == AgentLiveness(ConnectionId("c"), later)
    outside.liveness.accuse(jump, later)
    outside.presence.note_heartbeat(said_by(jump), "i", 2, None, later)
    assert outside.liveness.of(jump) == AgentLiveness(ConnectionId("c"), later)
    outside.liveness.accuse(jump, later)
    outside.presence.note_connected(said_by(jump), ConnectionId("d"), "i", later)
    outside.liveness.note_down(jump, later)
    assert outside.liveness.of(jump) == AgentLiveness(ConnectionId("d"), later, None, later)


def test_what_an_agent_finds_dead_is_kept_as_it_said_last(outside: Outside, lab: Network) -> None:
    agent, jump = a_dynamic().id, a_jump().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0, unreachable=[jump])
    assert outside.liveness.of(agent) == AgentLiveness(None, T0, unreachable=frozenset({jump}))
    outside.presence.note_heartbeat(said_by(agent), "i", 2, None, T0)
    assert outside.liveness.of(agent) == AgentLiveness(None, T0)


def test_nothing_is_known_of_the_life_of_who_is_gone(outside: Outside, lab: Network) -> None:
    nobody = a_jump().id

    outside.presence.note_sign_of_life(said_by(nobody), T0)
    outside.liveness.note_down(nobody, T0)
    assert outside.liveness.accuse(nobody, T0) is None
    assert outside.liveness.of(nobody) is None
    assert outside.progress.applied_revision(nobody) == 0
