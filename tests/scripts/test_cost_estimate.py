"""The estimate rests on counts of the system, and the page quotes the estimate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from chalicelib.domain.peer.failover import SilenceCheck
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.peer.presence import heartbeat_interval
from scripts import cost_estimate
from scripts.cost_estimate import (
    FETCH,
    HEARTBEAT,
    NEWS,
    SESSION,
    SILENCE_CHECK,
    SOCKET,
    Use,
    idle_agent,
    idle_deployment,
)
from tests.wired import WiredWorld, wired_world
from tests.world import SimulatedAgent

ROOT = Path(__file__).parents[2]
HELLO = {"type": "hello", "instance_id": "i", "generation": 1, "revision": 1, "hash": ""}
BEAT = {**HELLO, "type": "heartbeat", "seq": 2, "revision": 0}


@dataclass
class Hour:
    """An agent whose hourly session is due; its old socket is still open."""

    world: WiredWorld
    agent: SimulatedAgent

    def counted(self, act: Callable[[], object]) -> Use:
        counts = self.world.counted(act)
        items = 3 * counts.get("transaction", 0)  # a session's: itself, its assertion, and a look at its peer
        return Use(reads=counts.get("read", 0), writes=counts.get("write", 0) + 2 * items)


@pytest.fixture
def hour() -> Iterator[Hour]:
    with wired_world() as world:
        network = world.network()
        world.agent(network, "jump", "hub")
        agent = world.agent(network, "dynamic", "left")
        agent.connect()
        world.settle()
        world.outside.clock.advance(timedelta(minutes=55))
        yield Hour(world, agent)


def requests(use: Use) -> Use:
    return Use(reads=use.reads, writes=use.writes)


def test_a_heartbeat_asks_what_is_estimated(hour: Hour) -> None:
    before = len(hour.agent.frames)

    assert hour.counted(lambda: hour.agent.send(BEAT)) == requests(HEARTBEAT)
    assert 1 + len(hour.agent.frames) - before == HEARTBEAT.messages


def test_a_session_asks_what_is_estimated(hour: Hour) -> None:
    assert hour.counted(hour.agent.open_session) == requests(SESSION)


def test_a_socket_asks_what_is_estimated_until_the_next_replaced_it(hour: Hour) -> None:
    hour.agent.open_session()
    older, context = hour.agent.connection, hour.agent.context

    def replaced() -> None:
        hour.agent.authorize()
        hour.agent.open()
        hour.agent.send(HELLO)
        newer, hour.agent.connection = hour.agent.connection, older
        fresh, hour.agent.context = hour.agent.context, context
        hour.agent.close()
        hour.agent.connection, hour.agent.context = newer, fresh

    assert hour.counted(replaced) == requests(SOCKET)


def test_news_that_nobody_watches_asks_what_is_estimated(hour: Hour) -> None:
    hour.agent.send(HELLO)

    assert hour.counted(hour.world.settle) == requests(NEWS)


def test_a_full_fetch_asks_what_is_estimated(hour: Hour) -> None:
    assert hour.counted(hour.agent.fetch) == requests(FETCH)


def test_a_silence_check_asks_what_is_estimated(hour: Hour) -> None:
    hub = hour.world.agent(hour.world.network("other", "10.1.0.0/24"), "jump", "hub", endpoint="198.51.100.2")
    hub.connect()
    hour.world.outside.clock.advance(hour.world.container.settings.return_after)
    hub.send({**BEAT, "seq": 3})
    failover_tasks = hour.world.outside.failover_tasks
    _, silence_check = failover_tasks.waiting[-1]
    before = len(failover_tasks.waiting)
    assert isinstance(silence_check, SilenceCheck)

    assert hour.counted(lambda: hour.world.container.failover.run(silence_check)) == requests(SILENCE_CHECK)
    assert len(failover_tasks.waiting) - before == SILENCE_CHECK.queued


def test_a_heartbeats_price_is_the_sum_of_the_lists() -> None:
    dynamodb, call, log, compute, messages = 0.625, 0.20, 350 * 0.50e-3, 0.020 * 0.5 * 16.6667, 2 * 1.00

    assert HEARTBEAT.dollars() == pytest.approx((dynamodb + call + log + compute + messages) / 1e6)
    assert idle_agent(60)["heartbeats"] == pytest.approx(730 * 60 / 0.95 * HEARTBEAT.dollars())


def test_the_alarms_are_those_of_the_template() -> None:
    resources = yaml.safe_load((ROOT / "infra" / "resources.yaml").read_text())["Resources"].values()

    assert [resource.get("Type") for resource in resources].count("AWS::CloudWatch::Alarm") == cost_estimate.ALARMS


def test_the_page_quotes_the_estimate() -> None:
    cells = [[cell.strip(" *") for cell in line.split("|")] for line in (ROOT / "docs" / "costs.md").open()]
    rows = {cell[1].split(":")[0]: cell[2:-1] for cell in cells if len(cell) > 3}
    regular, jump = (
        idle_agent(int(heartbeat_interval(kind).total_seconds()), is_jump=kind is Kind.JUMP)
        for kind in (Kind.DYNAMIC, Kind.JUMP)
    )

    for term, dollars in regular.items():
        assert rows[term] == [f"{dollars:.4f}", f"{jump[term]:.4f}"], term
    assert rows["sum"] == [f"{sum(regular.values()):.3f}", f"{sum(jump.values()):.3f}"]
    for term, dollars in idle_deployment().items():
        assert rows[term] == [f"{dollars:.2f}"], term
