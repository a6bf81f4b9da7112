"""`peers` and `ping` and metrics, of an agent that runs."""

import json
import urllib.request

import msgspec
import pytest

from chalicelib.wire.bundle import Dns, Record
from tests.agent.builders import (
    PEER_ID,
    a_bundle,
    a_peer,
)
from tests.agent.laboratory import Laboratory, until

pytestmark = pytest.mark.root


def test_a_running_agent_shows_its_peers_and_its_metrics_where_it_is_asked_to(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.start("--metrics-port", "9101")
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    until(lambda: laboratory.status()["is_connected"] is True)

    status = laboratory.status()
    metrics = laboratory.inside.do(lambda: urllib.request.urlopen("http://127.0.0.1:9101/").read().decode())

    assert [peer["peer_id"] for peer in status["peers"]] == ["peer_hub"]  # type: ignore[attr-defined]
    assert status["peers"][0]["handshake_age_s"] is None  # type: ignore[index]
    assert "wirety_agent_connected 1.0" in metrics
    assert "process_resident_memory_bytes" in metrics


def test_peers_are_listed_and_pinged_by_name(laboratory: Laboratory) -> None:
    """The tunnel ends nowhere: nobody answers."""
    dns = Dns(domain="home.internal", resolvers=[], records=[Record(name="laptop", addresses=["10.9.0.7"])])
    bundle = a_bundle(1, [a_peer("laptop", ["10.9.0.7/32"])], forward=True)
    laboratory.origin.bundle = msgspec.structs.replace(bundle, dns=dns)
    laboratory.enroll()
    early = laboratory.command("peers")
    laboratory.command("run", "--once")

    table = laboratory.command("peers").stdout.splitlines()
    rows = json.loads(laboratory.command("peers", "--json").stdout)["peers"]
    pinged = laboratory.command("ping", "laptop", "--count", "2", "--timeout", "0.2", "--json")
    said = laboratory.command("ping", "peer_laptop", "--count", "1", "--timeout", "0.1")
    unknown = laboratory.command("ping", "nobody")
    own = laboratory.command("ping", "127.0.0.1", "--count", "1", "--timeout", "0.1")

    assert (early.returncode, "no bundle yet" in early.stderr) == (1, True)
    assert table[0].split() == ["NAME", "ID", "ADDRESS", "ROLE", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT"]
    assert table[2].split()[:4] == ["laptop", "peer_laptop", "10.9.0.7", "client"]
    assert [(row["role"], row["peer_id"]) for row in rows] == [("self", PEER_ID), ("client", "peer_laptop")]
    answer = json.loads(pinged.stdout)
    assert (pinged.returncode, answer["address"], answer["sent"], answer["lost"]) == (1, "10.9.0.7", 2, 100.0)
    assert "1 sent, 0 answered, 100 % lost" in said.stdout
    assert (unknown.returncode, "wirety-agent peers" in unknown.stderr) == (1, True)
    assert own.returncode == 1  # an echo to loopback goes through no tunnel
