"""A jump dies and is found dead: who moves, and when."""

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.peer.failover import ANSWERS_WITHIN, AWAY_AT_MOST, SILENT_AFTER
from chalicelib.domain.peer.presence import FactKind
from chalicelib.wire.frames import Probe, Reset
from tests.application.agents.failover_site import MINUTE, SECOND, Site, a_site, gone
from tests.world import World


def test_a_peer_that_finds_its_home_dead_moves_alone_while_the_jump_answers(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live()
    asked = [frame for frame in site.first.frames if isinstance(frame, Probe)]
    site.first.send({"type": "probe_reply"})
    site.world.live(5 * SECOND)

    assert len(asked) == 1
    assert site.homes() == {"first": None, "second": None, "left": "second", "right": "first"}
    assert [(change["what"], change["by"]) for change in site.changes()] == [("home_moved", site.left.peer_id)]


def test_all_of_a_jumps_peers_move_when_it_does_not_answer_either(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live()
    before = site.homes()
    site.world.live(2 * SECOND)

    assert before["right"] == "first"
    assert site.homes() == {"first": None, "second": None, "left": "second", "right": "second"}
    assert [change["what"] for change in site.changes()] == ["jump_down", "home_moved"]


def test_a_jump_whose_socket_is_gone_for_long_is_silent_at_once(site: Site) -> None:
    gone(site.first)

    site.accuse(site.left, site.first)
    site.world.live()

    assert site.homes()["right"] == "second"
    assert [change["what"] for change in site.changes()] == ["jump_down"]


def test_a_jump_whose_socket_closed_just_now_has_a_moment_to_open_another(site: Site) -> None:
    site.first.close()
    site.accuse(site.left, site.first)
    site.world.live(SECOND)
    site.first.connect()
    site.world.live(10 * SECOND)

    assert site.homes()["right"] == "first"
    assert [change["what"] for change in site.changes()] == ["home_moved"]  # who accused it moves alone


def test_a_jump_whose_socket_closed_just_now_and_that_does_not_come_back_is_down_when_that_moment_is_over(
    site: Site,
) -> None:
    site.first.close()
    site.accuse(site.left, site.first)
    site.world.live(ANSWERS_WITHIN)

    assert site.homes()["right"] == "second"


def test_a_jump_that_was_asked_and_lost_its_socket_instead_of_answering_is_down(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live(SECOND)
    site.first.close()
    site.world.live(SECOND)

    assert site.homes()["right"] == "second"


def test_a_jump_that_the_gateway_could_not_ask_is_not_marked_for_it(site: Site) -> None:
    assert site.first.connection is not None
    site.world.outside.gateway.ill.add(site.first.connection)
    site.accuse(site.left, site.first)
    site.world.live(ANSWERS_WITHIN)
    site.world.outside.gateway.ill.clear()
    site.beat(site.first)  # the next of every thirty seconds
    site.world.live(2 * MINUTE)

    assert site.homes()["right"] == "first"


def test_a_silence_check_ends_with_its_session_though_nobody_saw_the_socket_close(site: Site) -> None:
    waiting = site.world.outside.failover_tasks.waiting
    site.live(59, [site.first, site.second])
    before = len(waiting)

    site.live(3, [site.first, site.second])

    assert (before, waiting) == (2, [])


def test_a_peer_whose_jump_stays_away_tries_again_after_a_week_and_may_move_again(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live()
    site.first.send({"type": "probe_reply"})
    site.first.close()
    site.world.live(AWAY_AT_MOST - SECOND)
    before = site.homes()["left"]
    site.world.live(MINUTE * 6)
    forgiven = site.homes()["left"]

    site.left.connect()
    site.accuse(site.left, site.first)
    site.world.live(5 * SECOND)

    assert (before, forgiven, site.homes()["left"]) == ("second", "first", "second")
    assert site.world.outside.failover_tasks.waiting == []  # all of its peers moved: its next socket brings them back
    site.first.connect()
    site.live(7, [site.first])
    assert site.homes()["left"] == "first"


def test_a_silent_jump_that_nobody_finds_dead_keeps_its_peers(site: Site) -> None:
    site.world.live(10 * MINUTE)

    assert site.homes()["left"] == "first"
    assert site.changes() == []


def test_a_jump_that_falls_silent_on_an_open_socket_is_offline_as_soon_as_three_heartbeats_are_missing(
    site: Site,
) -> None:
    def is_told() -> bool:
        facts = [fact for fact in site.world.outside.tables.facts if fact.peer_id == site.first.peer_id]
        return any(fact.kind is FactKind.DISCONNECTED for fact in facts)

    site.live(10, [site.first])
    site.beat(site.first)
    site.world.live(SILENT_AFTER - SECOND)
    before = is_told()

    site.world.live(2 * SECOND)

    assert (before, is_told()) == (False, True)


def test_a_lost_question_is_made_good_by_the_silence_check_of_the_jump(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live()
    waiting = site.world.outside.failover_tasks.waiting
    waiting[:] = [(at, task) for at, task in waiting if not getattr(task, "is_once", False)]
    site.world.live(5 * SECOND)
    before = site.homes()["right"]

    site.world.live(SILENT_AFTER)

    assert (before, site.homes()["right"]) == ("first", "second")


def test_the_only_jump_is_never_marked(site: Site) -> None:
    site.world.api("POST", f"/networks/{site.network}/peers/{site.second.peer_id}/block", {})
    gone(site.first)

    site.accuse(site.left, site.first)
    site.world.live(5 * SECOND)

    assert site.homes()["left"] == "first"
    assert site.changes() == []


def test_a_jump_of_another_network_cannot_be_accused(site: Site) -> None:
    other = site.world.network("other", "10.1.0.0/24")
    stranger = site.world.agent(other, "dynamic", "stranger")
    stranger.connect()
    gone(site.first)

    site.accuse(stranger, site.first)
    site.world.live(5 * SECOND)

    assert site.homes()["left"] == "first"


def test_a_static_peers_home_stays(site: Site) -> None:
    body = {"kind": "static", "name": "phone", "generate_key": True, "preferred_jump_id": site.first.peer_id}
    site.world.api("POST", f"/networks/{site.network}/peers", body)
    gone(site.first)

    site.accuse(site.left, site.first)
    site.world.live()

    assert site.homes()["phone"] == "first"
    assert site.homes()["left"] == "second"


def test_a_reset_reaches_the_jump_it_is_asked_of(site: Site) -> None:
    site.beat(site.left, reset=site.first.peer_id)
    site.world.live()

    assert [frame for frame in site.first.frames if isinstance(frame, Reset)] == [Reset(peer_id=site.left.peer_id)]
    assert not [frame for frame in site.second.frames if isinstance(frame, Reset)]


def test_reports_of_dead_jumps_by_rest_count_as_well(site: Site) -> None:
    gone(site.first)
    beat = {"instance_id": "i", "seq": 3, "generation": 1, "revision": 0, "hash": "", "type": "heartbeat"}
    answer = site.world.api(
        "POST", "/agent/heartbeat", {**beat, "unreachable": [site.first.peer_id]}, token=site.left.session
    )
    site.world.live()

    assert answer.status == 200
    assert site.homes()["left"] == "second"


@pytest.mark.parametrize("seed", range(8))
def test_doubled_and_reordered_messages_and_conflicts_come_to_the_same(seed: int) -> None:
    site = a_site(World(Adversary(seed=seed, conflicts=0.2, doubles=0.1)))
    for agent in (site.left, site.right):
        site.accuse(agent, site.first)
    site.world.live(5 * SECOND)
    moved = site.homes()
    site.first.close()
    site.first.connect()
    for agent in (site.left, site.right):
        site.beat(agent, seq=9)
    site.live(14, [site.first, site.second])

    assert (moved["left"], moved["right"]) == ("second", "second")
    assert (site.homes()["left"], site.homes()["right"]) == ("first", "first")
