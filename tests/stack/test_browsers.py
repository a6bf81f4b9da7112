"""A browser's socket against the deployed stack: ticket, news, end."""

import json
from typing import Any

import pytest
import websocket

from infra.stack.local_stack import LocalStack
from tests.stack.client import FRAME_WITHIN_S, Operator, SocketAgent, a_random_key

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def operator(stack: LocalStack) -> Operator:
    return Operator(stack)


def connect(operator: Operator, ticket: str) -> Any:
    return websocket.create_connection(f"{operator.stack.info['ws_url']}?ticket={ticket}", timeout=FRAME_WITHIN_S)


@pytest.fixture
def browser(operator: Operator) -> Any:
    socket = connect(operator, operator.call("POST", "/ws/tickets").json()["ticket"])
    socket.send('{"type": "hello"}')
    assert json.loads(socket.recv())["type"] == "welcome"
    return socket


def news(browser: Any, kind: str, about: str) -> Any:
    """The next frame of a kind that names an id."""
    while True:
        text = browser.recv()
        frame = json.loads(text)
        if frame["type"] == kind and about in text:
            return frame


def test_it_is_told_of_changes_and_of_who_comes_and_goes(operator: Operator, browser: Any) -> None:
    network = operator.network()
    assert news(browser, "network_changed", network)["what"] == "network_created"
    made = operator.peer(network, kind="jump", name="hub", endpoint="198.51.100.1")
    peer_id = made["peer"]["id"]
    assert news(browser, "network_changed", peer_id)["what"] == "peer_created"

    agent = SocketAgent(operator)
    agent.enroll(made["enrollment_token"])
    assert news(browser, "network_changed", peer_id)["what"] == "peer_enrolled"
    agent.connect()
    connected = news(browser, "peer_status", peer_id)["peers"]
    agent.socket.close()
    gone = news(browser, "peer_status", peer_id)["peers"]

    assert [(fact["fact"], fact["status"]) for fact in connected] == [("connected", "online")]
    assert [(fact["fact"], fact["status"]) for fact in gone] == [("disconnected", "offline")]


def test_a_phones_first_handshake_is_news(operator: Operator, browser: Any) -> None:
    network = operator.network()
    made = operator.peer(network, kind="jump", name="hub", endpoint="198.51.100.1")
    hub = SocketAgent(operator)
    hub.enroll(made["enrollment_token"])
    hub.connect()
    phone = operator.peer(network, kind="static", name="phone", public_key=a_random_key())["peer"]["id"]
    seen = {"peer_id": phone, "endpoint": "203.0.113.9:1", "handshake_at": 1_700_000_000, "rx": 1, "tx": 1}
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 1, "generation": 1, "revision": 1, "hash": "x"}

    hub.ask({**beat, "observations": [seen]}, "ack")

    facts = news(browser, "peer_status", phone)["peers"]
    # a batch may hold more: the hub connected just before
    assert [fact["fact"] for fact in facts if fact["peer_id"] == phone] == ["handshake"]


def test_a_ticket_opens_one_socket(operator: Operator) -> None:
    ticket = operator.call("POST", "/ws/tickets").json()["ticket"]
    connect(operator, ticket).close()

    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        connect(operator, ticket)

    assert refusal.value.status_code == 403
