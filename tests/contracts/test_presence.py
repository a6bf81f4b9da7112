"""Agents' last words, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.writes import (
    AdmitAgent,
    AdvanceNetwork,
    ForgetAgent,
    MarkAgent,
    RevokeAgent,
)
from chalicelib.domain.identity.principal import Agent
from chalicelib.domain.ids import ConnectionId, Revision
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.presence import Applied, OwnHandshakes, Presence, Progress
from chalicelib.ports.transactions import CommitConflict
from tests.builders import T0, a_dynamic, a_jump, said_by
from tests.contracts.stores import HOST, advance, commit, wanted


def test_presence_follows_the_newest_socket(outside: Outside, lab: Network) -> None:
    agent, later = a_dynamic().id, T0 + timedelta(seconds=5)
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))

    assert outside.presence.note_connected(said_by(agent), ConnectionId("old"), "i", T0) == Progress(
        Revision(5), Revision(0)
    )
    outside.presence.note_connected(said_by(agent), ConnectionId("new"), "i", T0)
    assert outside.presence.note_disconnected(agent, ConnectionId("old"), T0) is None
    assert outside.progress.note_applied(said_by(agent), Revision(5), "hash", later) == 0
    assert outside.progress.note_applied(said_by(agent), Revision(5), "hash", later) == 0
    assert outside.presence.note_heartbeat(said_by(agent), "i", 2, None, later) == Progress(Revision(5), Revision(5))
    assert outside.progress.note_failure(said_by(agent), "no such device", later)

    applied = Applied(Revision(5), "hash", later, "no such device")
    known = Presence(Revision(5), True, later, HOST, "i", applied)
    assert outside.presence.of([agent]) == {agent: known}
    assert outside.presence.note_disconnected(agent, ConnectionId("new"), T0) is not None
    assert outside.presence.note_disconnected(agent, ConnectionId("new"), T0) is not None
    assert outside.presence.of([agent]) == {agent: replace(known, is_connected=False)}


def test_what_an_agent_hears_says_whether_it_is_blocked(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id

    def is_blocked() -> bool | None:
        progress = outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0)
        return None if progress is None else progress.is_blocked

    lab = advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))
    assert is_blocked() is False
    lab = advance(outside, lab, MarkAgent(agent, is_blocked=True))
    assert is_blocked() is True
    assert wanted(outside, agent) == 5
    lab = advance(outside, lab, MarkAgent(agent, is_blocked=False))
    assert is_blocked() is False
    lab = advance(outside, lab, AdmitAgent(agent, Revision(7), HOST, is_blocked=True))
    assert is_blocked() is True
    advance(outside, lab, ForgetAgent(agent))
    assert is_blocked() is None


def test_a_mark_that_finds_no_presence_leaves_one_that_can_be_read(outside: Outside, lab: Network) -> None:
    agent = a_dynamic().id

    advance(outside, lab, MarkAgent(agent, is_blocked=True))

    assert outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0) == Progress(
        Revision(0), Revision(0), is_blocked=True
    )


def test_what_an_agent_says_of_its_own_handshakes_stays_until_it_says_more(outside: Outside, lab: Network) -> None:
    agent, jump = a_dynamic().id, a_jump().id
    advance(outside, lab, AdmitAgent(agent, Revision(5), HOST))
    first = OwnHandshakes(T0, {jump: (T0, T0 + timedelta(seconds=120))})
    later = OwnHandshakes(T0 + timedelta(seconds=60), {})

    def known() -> OwnHandshakes | None:
        presence = outside.presence.of([agent])[agent]
        return None if presence is None else presence.own_handshakes

    assert known() is None
    outside.presence.note_heartbeat(said_by(agent), "i", 1, None, T0, first)
    outside.presence.note_heartbeat(said_by(agent), "i", 2, None, T0)
    assert known() == first
    outside.presence.note_heartbeat(said_by(agent), "i", 3, None, T0, later)
    assert known() == later


def test_what_an_agent_says_counts_only_by_the_admission_of_its_peer(outside: Outside, lab: Network) -> None:
    peer_id, later = a_dynamic().id, T0 + timedelta(seconds=5)
    mine, former = Agent(lab.id, peer_id, "mine"), Agent(lab.id, peer_id, "former")
    lab = advance(outside, lab, AdmitAgent(peer_id, Revision(5), HOST, "mine"))
    outside.presence.note_connected(mine, ConnectionId("c"), "i", T0)
    before = outside.presence.of([peer_id])

    def is_taken(agent: Agent) -> list[bool]:
        outside.presence.note_sign_of_life(agent, later)
        return [
            outside.presence.note_connected(agent, ConnectionId("d"), "i", later) is not None,
            outside.presence.note_heartbeat(agent, "i", 2, None, later) is not None,
            outside.progress.note_applied(agent, Revision(7), "hash", later) is not None,
            outside.progress.note_failure(agent, "no such device", later),
        ]

    assert is_taken(former) == [False] * 4
    assert is_taken(said_by(peer_id)) == [False] * 4
    assert outside.presence.of([peer_id]) == before
    lab = advance(outside, lab, RevokeAgent(peer_id, Revision(1)))
    assert is_taken(mine) == [False] * 4
    assert outside.presence.of([peer_id]) == before
    assert outside.presence.note_disconnected(peer_id, ConnectionId("c"), later) is not None  # whose ever it was
    lab = advance(outside, lab, AdmitAgent(peer_id, Revision(5), HOST, "next"))
    assert is_taken(mine) == [False] * 4
    assert is_taken(Agent(lab.id, peer_id, "next")) == [True] * 4


def test_an_agent_is_revoked_in_the_commit_or_not_at_all(outside: Outside, lab: Network) -> None:
    peer_id = a_dynamic().id
    advance(outside, lab, AdmitAgent(peer_id, Revision(5), HOST))
    late = AdvanceNetwork(lab.advanced(T0))

    with pytest.raises(CommitConflict):
        commit(outside, lab.advanced(T0), late, RevokeAgent(peer_id, Revision(1)))
    assert outside.presence.note_heartbeat(said_by(peer_id), "i", 1, None, T0) is not None

    outside_of_it = a_jump().id
    advance(outside, outside.networks.get(lab.id), RevokeAgent(outside_of_it, Revision(4)))
    assert wanted(outside, outside_of_it) == 4  # one that had no presence has one that nobody speaks in
    assert outside.presence.note_heartbeat(said_by(outside_of_it), "i", 1, None, T0) is None
