"""A jump dies, is found dead, and comes back: who moves, when, and in which order."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.peer.failover import ANSWERS_WITHIN, AWAY_AT_MOST, RECONNECTS_WITHIN, SILENT_AFTER
from chalicelib.domain.peer.presence import FactKind
from chalicelib.wire.frames import Probe, Reset
from tests.world import SimulatedAgent, World

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass
class Site:
    """Two jumps, and two peers whose home is the first."""

    world: World
    network: str
    first: SimulatedAgent
    second: SimulatedAgent
    left: SimulatedAgent
    right: SimulatedAgent

    @property
    def agents(self) -> list[SimulatedAgent]:
        return [self.first, self.second, self.left, self.right]

    def homes(self) -> dict[str, str | None]:
        """Of each peer, by the API."""
        names = {self.first.peer_id: "first", self.second.peer_id: "second", None: None}
        return {name: names[peer["home_jump_id"]] for name, peer in self.world.peers(self.network).items()}

    def beat(self, agent: SimulatedAgent, seq: int = 2, **fields: object) -> None:
        frame = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
        agent.send({**frame, **fields})

    def accuse(self, by: SimulatedAgent, jump: SimulatedAgent) -> None:
        self.beat(by, unreachable=[jump.peer_id])

    def live(self, minutes: int, beating: list[SimulatedAgent]) -> None:
        """Time passes, and these are heard twice a minute."""
        for _ in range(2 * minutes):
            for agent in beating:
                self.beat(agent)
            self.world.live(MINUTE / 2)

    def changes(self) -> list[dict[str, Any]]:
        items = self.world.api("GET", f"/networks/{self.network}/changes").json["items"]
        return [change for change in items if change["what"] in {"home_moved", "home_returned", "jump_down", "jump_up"}]

    def routes(self, agent: SimulatedAgent) -> dict[str, set[str]]:
        """Of its bundle, the AllowedIPs by peer."""
        assert agent.bundle is not None
        return {peer["peer_id"]: set(peer["allowed_ips"]) for peer in agent.bundle["peers"]}


def a_site(world: World) -> Site:
    network = world.network()
    jumps = [
        world.agent(network, "jump", name, endpoint=f"198.51.100.{n}") for n, name in enumerate(["first", "second"], 1)
    ]
    peers = [world.agent(network, "dynamic", name, preferred_jump_id=jumps[0].peer_id) for name in ("left", "right")]
    world.settle()
    site = Site(world, network, jumps[0], jumps[1], peers[0], peers[1])
    for agent in site.agents:
        agent.connect()
        agent.fetch()
    return site


@pytest.fixture
def site() -> Site:
    return a_site(World())


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


def gone(jump: SimulatedAgent) -> None:
    """For longer than it takes to open another socket."""
    jump.close()
    jump.world.outside.clock.advance(RECONNECTS_WITHIN)


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


def test_bundles_follow_the_mark_and_only_those_who_moved_and_the_jumps_are_told(site: Site) -> None:
    other = site.world.agent(site.network, "dynamic", "other", preferred_jump_id=site.second.peer_id)
    site.world.settle()
    other.connect()
    for agent in (*site.agents, other):
        agent.fetch()
    told = {agent.name: len(agent.hints) for agent in (*site.agents, other)}
    gone(site.first)

    site.accuse(site.left, site.first)
    site.world.live()

    news = {agent.name: len(agent.hints) - told[agent.name] for agent in (*site.agents[1:], other)}
    assert news == {"second": 1, "left": 1, "right": 1, "other": 0}
    for agent in (site.second, site.left, site.right):
        assert agent.fetch().status == 200
        assert agent.fetch_whole().status == 304  # the difference led to the very bundle
    assert site.routes(site.second)[site.left.peer_id] == {"10.0.0.3/32"}
    assert site.routes(site.left)[site.first.peer_id] == set()
    assert "10.0.0.0/24" in site.routes(site.left)[site.second.peer_id]


def test_the_new_home_is_told_first_and_the_others_when_it_has_applied(site: Site) -> None:
    world, clock = site.world, site.world.outside.clock
    world.api(
        "PATCH", f"/networks/{site.network}/peers/{site.left.peer_id}", {"preferred_jump_id": site.second.peer_id}
    )
    change = list(world.outside.tables.changes.values())[-1]
    world.container.plans.plan([change])
    pushes = [push for push in world.outside.queue.messages if push.connections]
    first, later = pushes

    assert [known.holder for known in first.connections] == [site.second.peer_id]
    assert {known.holder for known in later.connections} == {site.first.peer_id, site.left.peer_id}
    assert (later.after, later.until) == ((site.second.peer_id,), clock.now() + SECOND)

    begun = clock.now()
    site.second.send(
        {"type": "applied", "generation": 1, "revision": change.revision, "hash": "h", "ok": True, "ms": 1}
    )
    world.container.deliveries.deliver(later)
    assert clock.now() == begun
    assert site.left.hints[-1] == change.revision


def test_a_peer_that_left_a_dead_home_is_told_together_with_its_new_one(site: Site) -> None:
    world, begun = site.world, site.world.outside.clock.now()
    told = len(site.left.hints)

    site.accuse(site.left, site.first)
    world.live()

    assert site.homes()["left"] == "second"
    assert len(site.left.hints) == told + 1
    assert world.outside.clock.now() == begun


def test_a_new_home_that_does_not_apply_is_waited_for_a_second_at_most(site: Site) -> None:
    path = f"/networks/{site.network}/peers/{site.left.peer_id}"
    site.world.api("PATCH", path, {"preferred_jump_id": site.second.peer_id})
    begun = site.world.outside.clock.now()

    site.world.settle()

    assert timedelta(0) < site.world.outside.clock.now() - begun <= timedelta(seconds=1.05)
    assert len(site.left.hints) == 1


def test_all_come_back_after_five_minutes_of_service(site: Site) -> None:
    gone(site.first)
    site.accuse(site.left, site.first)
    site.world.live()
    site.live(10, [site.second])
    assert site.homes()["left"] == "second"

    site.first.connect()
    site.live(4, [site.first, site.second])
    early = site.homes()
    site.live(3, [site.first, site.second])

    assert (early["left"], early["right"]) == ("second", "second")
    assert (site.homes()["left"], site.homes()["right"]) == ("first", "first")
    assert site.changes()[0]["what"] == "jump_up"


def test_a_jump_that_falls_silent_within_the_five_minutes_has_to_serve_them_anew(site: Site) -> None:
    gone(site.first)
    site.accuse(site.left, site.first)
    site.world.live()
    site.first.connect()
    site.live(3, [site.first])
    site.world.live(3 * MINUTE)  # nothing is heard of it, on an open socket

    site.live(4, [site.first])
    early = site.homes()["left"]
    site.live(3, [site.first])

    assert (early, site.homes()["left"]) == ("second", "first")


def test_a_peer_that_moved_alone_comes_back_when_it_no_longer_finds_the_jump_dead(site: Site) -> None:
    site.accuse(site.left, site.first)
    site.world.live()
    site.first.send({"type": "probe_reply"})
    site.live(12, [site.first])
    still_dead = site.homes()["left"]

    site.beat(site.left)
    site.live(4, [site.first])
    early = site.homes()["left"]
    site.live(8, [site.first])

    assert (still_dead, early, site.homes()["left"]) == ("second", "second", "first")


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
