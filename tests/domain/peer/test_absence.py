"""When an ephemeral peer is gone for good."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.ids import ConnectionId, NetworkId, PeerId
from chalicelib.domain.peer.absence import GONE_AFTER, LOOK_EVERY, SILENT_AFTER, AbsenceCheck
from chalicelib.domain.peer.failover import AgentLiveness
from tests.builders import T0

MINUTE = timedelta(minutes=1)
OWN = ConnectionId("c1")
CHECK = AbsenceCheck(NetworkId("net_lab"), PeerId("dyn_1"), OWN, T0)


@pytest.mark.parametrize(
    ("liveness", "gone_at"),
    [
        (AgentLiveness(None, None), T0 + GONE_AFTER),
        (AgentLiveness(None, T0 + MINUTE), T0 + MINUTE + GONE_AFTER),
        (AgentLiveness(None, T0 + MINUTE, closed_at=T0 + 3 * MINUTE), T0 + 3 * MINUTE + GONE_AFTER),
        (AgentLiveness(None, T0 + 5 * MINUTE, closed_at=T0 + 3 * MINUTE), T0 + 5 * MINUTE + GONE_AFTER),
        (AgentLiveness(OWN, T0 + MINUTE), T0 + MINUTE + SILENT_AFTER + GONE_AFTER),
    ],
    ids=["never heard", "heard", "socket closed", "heard by REST after that", "socket open, and silent"],
)
def test_a_peer_is_gone_ten_minutes_after_its_agent_was(liveness: AgentLiveness, gone_at: datetime) -> None:
    assert CHECK.gone_at(liveness) == gone_at


def test_a_newer_socket_has_a_check_of_its_own() -> None:
    assert not CHECK.is_over(AgentLiveness(OWN, T0))
    assert not CHECK.is_over(AgentLiveness(None, T0))
    assert CHECK.is_over(AgentLiveness(ConnectionId("c2"), T0))
    assert replace(CHECK, connection_id=None).is_over(AgentLiveness(OWN, T0))


def test_a_check_looks_again_when_the_peer_would_be_gone_and_at_most_when_sqs_can() -> None:
    away = AgentLiveness(None, T0)

    assert CHECK.next_look(away, T0 + 4 * MINUTE) == 6 * MINUTE
    assert CHECK.next_look(away, T0 + GONE_AFTER - timedelta(milliseconds=1)) == timedelta(seconds=1)
    assert CHECK.next_look(AgentLiveness(OWN, T0), T0) == LOOK_EVERY
