"""Metrics as Prometheus scrapes them: on loopback, without a peer's name, and never instead of the tunnel."""

import logging
import socket
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from time import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agent.adapters.metrics import AgentCollector, serve
from agent.core.status import Status
from agent.errors import ToolFailed
from agent.host.tunnel.live import ALIVE_S, PeerTraffic
from tests.agent.builders import NETWORK_ID, PEER_ID, a_public_key

STATUS = Status(
    network_id=NETWORK_ID,
    peer_id=PEER_ID,
    interface="wy00000001",
    server="https://vpn.example.com",
    insecure=False,
    is_connected=True,
    kind="userspace",
    revision_applied=6,
    revision_wanted=7,
    route_conflict=["192.168.1.0/24"],
    last_error="no answer",
    last_contact=datetime(2026, 1, 1, tzinfo=UTC),
)


def a_seen(name: str, age_s: float | None = 1.0) -> PeerTraffic:
    return PeerTraffic(a_public_key(name), "203.0.113.1:1", 0 if age_s is None else time() - age_s, rx=10, tx=3)


def scraped(seen: Sequence[PeerTraffic], status: Status = STATUS) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(AgentCollector(lambda: status, lambda: seen))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_the_state_of_the_agent_and_its_traffic_are_figures() -> None:
    found = scraped([a_seen("a"), a_seen("b", ALIVE_S + 5), a_seen("c", None)])

    assert found["wirety_agent_connected"] == 1
    assert found["wirety_agent_failing"] == 1
    assert (found["wirety_agent_revision_applied"], found["wirety_agent_revision_wanted"]) == (6, 7)
    assert found["wirety_agent_last_contact_timestamp_seconds"] == 1767225600
    assert found["wirety_agent_route_conflicts"] == 1
    assert (found["wirety_agent_peers"], found["wirety_agent_peers_alive"]) == (3, 1)
    assert (found["wirety_agent_rx_bytes"], found["wirety_agent_tx_bytes"]) == (30, 9)


def test_ten_thousand_peers_are_as_many_series_as_one() -> None:
    many = [a_seen("a")] * 10_000

    assert scraped(many).keys() == scraped([a_seen("a")]).keys()


def test_without_an_interface_the_rest_is_told() -> None:
    def gone() -> Sequence[PeerTraffic]:
        raise ToolFailed("wg show: no such device")

    registry = CollectorRegistry()
    registry.register(AgentCollector(lambda: STATUS, gone))
    text = generate_latest(registry).decode()

    assert "wirety_agent_connected 1.0" in text
    assert "wirety_agent_peers " not in text


def test_it_is_served_on_loopback_alone() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])

    serve("127.0.0.1", port, lambda: STATUS, lambda: [a_seen("a")])

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    assert f'wirety_agent_info{{kind="userspace",network_id="{NETWORK_ID}",peer_id="{PEER_ID}"' in text
    assert a_public_key("a") not in text
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", port))  # nobody has taken it there


def test_a_port_that_is_taken_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with caplog.at_level(logging.ERROR):
            serve("127.0.0.1", taken.getsockname()[1], lambda: STATUS, list)

    assert [record.getMessage() for record in caplog.records] == ["metrics_not_served"]
