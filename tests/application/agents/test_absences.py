"""Ephemeral peers vanish when their agent leaves or is away for good, and never while it is reconnecting."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.peer.absence import GONE_AFTER, SILENT_AFTER
from tests.application.agents.test_joining import a_key_of
from tests.world import SimulatedAgent, World

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Runner(SimulatedAgent):
    """The agent of an ephemeral peer."""

    def beat(self, seq: int = 2) -> None:
        beat = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
        self.send(dict(beat))

    def is_a_peer(self) -> bool:
        return any(peer["id"] == self.peer_id for peer in self.world.peers(self.network_id).values())


def a_runner(world: World, network: str | None = None, name: str = "runner") -> Runner:
    network = network or world.network()
    text, _ = a_key_of(world, network, ephemeral=True)
    runner = Runner(world, name)
    assert runner.join(text, name).status == 200
    return runner


def test_one_that_never_opens_a_socket_vanishes(world: World) -> None:
    runner = a_runner(world)

    world.live(GONE_AFTER - SECOND)
    assert runner.is_a_peer()
    world.live(SECOND)

    assert not runner.is_a_peer()


def test_one_that_is_away_for_ten_minutes_vanishes(world: World) -> None:
    runner = a_runner(world)
    runner.connect()
    world.live(5 * MINUTE)
    runner.close()

    world.live(GONE_AFTER - SECOND)
    assert runner.is_a_peer()
    world.live(SECOND)

    assert not runner.is_a_peer()
    assert runner.open_session().json["code"] == "peer_deleted"
    [end] = [change for change in world.outside.tables.changes.values() if change.what == "peer_deleted"]
    assert end.by == "absence"


def test_one_that_is_merely_reconnecting_stays(world: World) -> None:
    runner = a_runner(world)
    for _ in range(8):
        runner.connect()
        world.live(7 * MINUTE)
        runner.close()
        world.live(GONE_AFTER - SECOND)

    assert runner.is_a_peer()


def test_one_that_speaks_without_a_socket_stays(world: World) -> None:
    runner = a_runner(world)
    runner.connect()
    runner.close()
    beat = {"type": "heartbeat", "instance_id": "i", "generation": 1, "revision": 0, "hash": ""}

    for seq in range(5):
        world.live(9 * MINUTE)
        told = world.api("POST", "/agent/heartbeat", {**beat, "seq": seq}, runner.session)
        assert told.status == 200
    assert runner.is_a_peer()

    world.live(GONE_AFTER)
    assert not runner.is_a_peer()


def test_one_that_lives_stays_for_days_by_one_message_at_a_time(world: World) -> None:
    runner = a_runner(world)
    for _ in range(60):
        runner.connect()  # a socket lives as long as its session, an hour
        for seq in range(2, 7):
            world.live(9 * MINUTE)
            runner.beat(seq)

    assert runner.is_a_peer()
    assert len(world.outside.failover_tasks.waiting) <= 2


def test_one_whose_socket_nobody_saw_close_vanishes(world: World) -> None:
    runner = a_runner(world)
    runner.connect()

    world.live(SILENT_AFTER + GONE_AFTER - SECOND)
    assert runner.is_a_peer()
    world.live(SECOND)

    assert not runner.is_a_peer()


@pytest.mark.parametrize("seed", range(5))
def test_checks_that_come_twice_and_in_any_order_end_it_once(seed: int) -> None:
    world = World(Adversary(seed, conflicts=0.3, doubles=0.5))
    network = world.network()
    runner, stays = (a_runner(world, network, name) for name in ("runner", "stays"))
    runner.connect()
    stays.connect()
    runner.close()

    world.live(GONE_AFTER + MINUTE)

    assert not runner.is_a_peer()
    assert stays.is_a_peer()
    ends = [change for change in world.outside.tables.changes.values() if change.what == "peer_deleted"]
    assert len(ends) == 1


@pytest.mark.parametrize("lost", ["the check of its join", "the check of its socket", "the news that it closed"])
def test_any_message_may_be_lost(world: World, lost: str) -> None:
    waiting = world.outside.failover_tasks.waiting
    runner = a_runner(world)
    if lost == "the check of its join":
        waiting.clear()
    runner.connect()
    if lost == "the check of its socket":
        waiting.clear()
    if lost == "the news that it closed":
        runner.connection = None
    runner.close()

    world.live(SILENT_AFTER + GONE_AFTER)

    assert not runner.is_a_peer()


def test_one_that_comes_back_as_it_is_ended_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = a_runner(world)
    runner.connect()
    runner.close()
    read = world.outside.peers.get
    late = [runner.connect]

    def connecting(*args: Any) -> Any:
        record = read(*args)
        if late and world.outside.clock.now() - started >= GONE_AFTER:
            late.pop()()
        return record

    started = world.outside.clock.now()
    monkeypatch.setattr(world.outside.peers, "get", connecting)
    world.live(GONE_AFTER + 2 * MINUTE)
    assert not late
    assert runner.is_a_peer()

    runner.close()
    world.live(GONE_AFTER)
    assert not runner.is_a_peer()


def test_one_that_leaves_vanishes_at_once_and_its_address_is_free(world: World) -> None:
    network = world.network()
    text, _ = a_key_of(world, network)
    lasting, runner = SimulatedAgent(world, "lasting"), a_runner(world, network)
    lasting.join(text, "lasting")
    free = world.api("GET", f"/networks/{network}/capacity").json["ipv4"]["available"]

    for agent in (lasting, runner):
        agent.open_session()
        left = world.api("POST", "/agent/leave", {"device_key": agent.device_key}, agent.session)
        assert left.status == 204

    assert "lasting" in world.peers(network)
    assert not runner.is_a_peer()
    counts = world.api("GET", f"/networks/{network}/capacity").json["ipv4"]
    assert (counts["available"], counts["quarantined"]) == (free + 1, 0)
    [record] = [record for record in world.outside.tables.audit.values() if record.action == "peer_deleted"]
    assert (record.actor.id, record.target.id) == (runner.peer_id, runner.peer_id)
    assert runner.open_session().json["code"] == "peer_deleted"


def test_addresses_of_ephemeral_peers_go_round(world: World) -> None:
    network = world.network("small", "10.9.0.0/29")  # 6 usable
    for n in range(20):
        runner = a_runner(world, network, f"runner-{n}")
        runner.open_session()
        world.api("POST", "/agent/leave", {"device_key": runner.device_key}, runner.session)

    assert world.peers(network) == {}
