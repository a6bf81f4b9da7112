"""When a jump is down, and whom a mark moves."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import ConnectionId
from chalicelib.domain.peer.failover import (
    ANSWERS_WITHIN,
    RECONNECTS_WITHIN,
    SILENT_AFTER,
    AgentLiveness,
    avoiding,
    forgiving,
    marked,
    next_look,
    unmarked,
)
from chalicelib.domain.peer.home import home_of, moved_homes
from chalicelib.domain.peer.peer import Kind
from tests.builders import T0, a_dynamic, a_jump, a_network
from tests.domain.populations import Population, populations

SOCKET = ConnectionId("c")
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("liveness", "is_silent"),
    [
        (AgentLiveness(SOCKET, T0), False),
        (AgentLiveness(None, T0, closed_at=T0 - RECONNECTS_WITHIN + INSTANT), False),
        (AgentLiveness(None, T0, closed_at=T0 - RECONNECTS_WITHIN), True),
        (AgentLiveness(None, T0 - RECONNECTS_WITHIN), True),
        (AgentLiveness(None, T0, accused_since=T0 - ANSWERS_WITHIN, closed_at=T0), True),
        (AgentLiveness(SOCKET, None), True),
        (AgentLiveness(SOCKET, T0 - SILENT_AFTER + INSTANT), False),
        (AgentLiveness(SOCKET, T0 - SILENT_AFTER), True),
        (AgentLiveness(SOCKET, T0, accused_since=T0 - ANSWERS_WITHIN + INSTANT), False),
        (AgentLiveness(SOCKET, T0, accused_since=T0 - ANSWERS_WITHIN), True),
    ],
)
def test_a_jump_is_silent_without_socket_heartbeat_or_answer(liveness: AgentLiveness, is_silent: bool) -> None:
    assert liveness.is_silent(T0) is is_silent


@pytest.mark.parametrize(
    ("heard_ago", "is_down", "expected"),
    [
        (timedelta(0), False, SILENT_AFTER),
        (timedelta(seconds=44.5), False, SILENT_AFTER - timedelta(seconds=44)),
        (SILENT_AFTER - INSTANT, False, timedelta(seconds=1)),
        (SILENT_AFTER, False, timedelta(seconds=60)),
        (timedelta(0), True, timedelta(seconds=60)),
    ],
)
def test_a_jump_is_looked_at_when_it_would_be_silent_and_often_while_it_is_or_is_down(
    heard_ago: timedelta, is_down: bool, expected: timedelta
) -> None:
    assert next_look(AgentLiveness(SOCKET, T0 - heard_ago), is_down, timedelta(minutes=5), T0) == expected


def test_a_jump_is_looked_at_before_its_peers_could_come_back() -> None:
    assert next_look(AgentLiveness(SOCKET, T0), False, timedelta(seconds=5), T0) == timedelta(seconds=5)


def test_service_counts_from_when_it_was_seen_and_not_before_the_jump_fell() -> None:
    later = T0 + timedelta(minutes=1)

    assert AgentLiveness(SOCKET, T0).serves_since(None, later) == later
    assert AgentLiveness(SOCKET, T0).serves_since(T0, later) == T0
    assert AgentLiveness(SOCKET, T0, fell_at=later).serves_since(T0, later) == later


def test_the_last_jump_that_serves_is_never_marked() -> None:
    jumps = [a_jump(1), a_jump(4), a_jump(7, keyed=False)]
    network = a_network()

    one = marked(network, jumps[0].id, jumps)
    assert one.down == {jumps[0].id}
    assert marked(one, jumps[1].id, jumps) == one
    assert unmarked(one, jumps[0].id) == network


def test_a_peer_avoids_its_home_alone_and_only_for_another() -> None:
    network, jumps, peer = a_network(), [a_jump(1), a_jump(4)], a_dynamic(2)

    moved = avoiding(network, peer, jumps[0].id, jumps)
    assert home_of(moved, jumps) == jumps[1].id
    assert avoiding(network, peer, jumps[1].id, jumps) == peer
    everywhere = avoiding(network, moved, jumps[1].id, jumps)
    assert home_of(everywhere, jumps) == jumps[0].id  # all are marked: the first of its order
    assert avoiding(network, everywhere, jumps[0].id, jumps) == everywhere
    assert forgiving(moved, jumps[0].id) == peer


@given(populations(), st.data())
def test_a_mark_moves_exactly_those_whose_home_changes(population: Population, data: st.DataObject) -> None:
    if not population.jumps:
        return
    jump = data.draw(st.sampled_from(population.jumps))
    before, after = population.network, marked(population.network, jump.id, population.jumps)

    moved = moved_homes([(peer, peer) for peer in population.peers], population.jumps, before.down, after.down)

    for peer in population.regular:
        old, new = (home_of(peer, population.hubs, network.down) for network in (before, after))
        is_moved = peer.kind is Kind.DYNAMIC and peer.is_listed and old != new
        assert (peer.id in moved) is is_moved
        assert moved.get(peer.id, new) == new


@given(populations(), st.data())
def test_whoever_avoids_its_home_gets_another_and_comes_back(population: Population, data: st.DataObject) -> None:
    peers = [peer for peer in population.regular if peer.kind is Kind.DYNAMIC]
    if not peers:
        return
    peer = data.draw(st.sampled_from(peers))
    home = home_of(peer, population.hubs, population.network.down)
    if home is None:
        return

    moved = avoiding(population.network, peer, home, population.jumps)

    if moved != peer:
        assert home_of(moved, population.hubs, population.network.down) not in (None, home)
        assert forgiving(moved, home) == replace(peer, avoids=peer.avoids - {home})
