"""An agent that floods the deployed system loses its socket and its session."""

import pytest
import websocket

from chalicelib.application.agents.floods import MOST, REFUSED_FOR
from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator, SocketAgent

pytestmark = pytest.mark.stack

INSTANCES = 8  # of the function, that may share the frames here


def flood(agent: SocketAgent) -> None:
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 1, "generation": 0, "revision": 0, "hash": ""}
    for _ in range(MOST * INSTANCES):
        agent.ask(beat, "ack")


def test_an_agent_that_floods_is_closed_and_refused(stack: LocalStack) -> None:
    operator = Operator(stack)
    hub = operator.peer(operator.network(), kind="jump", name="hub", endpoint="198.51.100.1")
    agent = SocketAgent(operator)
    agent.enroll(hub["enrollment_token"])
    agent.connect()
    with pytest.raises((websocket.WebSocketException, OSError, ValueError)):  # it is closed
        flood(agent)
    refused = agent.open_session()

    assert refused.status_code == 429, refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= REFUSED_FOR.total_seconds()
    assert agent.bundle().status_code == 401
