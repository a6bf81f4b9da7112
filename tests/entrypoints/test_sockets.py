"""The door of the sockets, and frames that do not fit."""

from datetime import timedelta

import pytest

from chalicelib.adapters.queues.messages import message_of
from chalicelib.domain.change.agent_notices import ConfigChanged
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.presence import Applied
from chalicelib.entrypoints import queues, sockets
from chalicelib.ports.queues import Push
from tests.browser import SimulatedBrowser
from tests.rest_function import BY_THE_ORIGIN
from tests.world import SimulatedAgent, World


@pytest.fixture
def agent() -> SimulatedAgent:
    world = World()
    agent = world.agent(world.network(), "dynamic", "left")
    agent.connect()
    return agent


@pytest.mark.parametrize("secret", [None, "", "another"])
def test_who_does_not_come_by_the_one_origin_opens_no_socket(agent: SimulatedAgent, secret: str | None) -> None:
    browser = SimulatedBrowser(agent.world)
    browser.ask_ticket()
    headers = {} if secret is None else {"X-Origin-Secret": secret}
    asked: list[dict[str, object]] = [
        {"headers": {"Authorization": f"Bearer {agent.session}", **headers}},
        {"headers": headers or None, "queryStringParameters": {"ticket": browser.ticket}},
    ]

    for event in asked:
        assert sockets.authorize({**event, "methodArn": "arn"})["policyDocument"]["Statement"][0]["Effect"] == "Deny"

    browser.authorize()  # the ticket is not used up


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic abc", "Bearer wirety_agent.dyn:ses.secret"])
def test_without_a_session_there_is_no_socket(agent: SimulatedAgent, header: str | None) -> None:
    said = {} if header is None else {"authorization": header}
    policy = sockets.authorize({"headers": {**BY_THE_ORIGIN, **said}, "methodArn": "arn"})

    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert policy["context"] == {}


def test_an_api_token_opens_no_agents_socket(agent: SimulatedAgent) -> None:
    headers = {**BY_THE_ORIGIN, "Authorization": f"Bearer {agent.world.token}"}
    policy = sockets.authorize({"headers": headers, "methodArn": "arn"})

    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@pytest.mark.parametrize("body", ["", "{", "[]", '{"type": "nothing"}', '{"type": "heartbeat"}', '{"seq": 1}'])
def test_a_frame_that_does_not_fit_changes_nothing(agent: SimulatedAgent, body: str) -> None:
    before = list(agent.frames)

    assert sockets.message({**agent._event(), "body": body}) == {"statusCode": 400}
    assert agent.frames == before


def test_a_socket_ends_with_its_session(agent: SimulatedAgent) -> None:
    agent.world.outside.clock.advance(timedelta(hours=1))

    agent.send({"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"})

    assert agent.frames[-1] == ("bye", "session_ended")
    assert agent.connection not in agent.world.outside.gateway.open


def test_reports_are_kept_and_a_failure_leaves_what_is_in_force(agent: SimulatedAgent) -> None:
    now = agent.world.outside.clock.now()
    good = {"type": "applied", "generation": 1, "revision": 3, "hash": "h", "ok": True, "ms": 9}
    agent.send(good)
    agent.send({**good, "revision": 4, "hash": "i", "ok": False, "error": "no device"})
    agent.send({**good, "generation": 0, "revision": 9})  # of before a restore

    applied = agent.world.outside.tables.agents[PeerId(agent.peer_id)].applied
    assert applied == Applied(Revision(3), "h", now, "no device")


def test_of_hints_that_wait_together_a_socket_gets_the_newest(agent: SimulatedAgent) -> None:
    agent.world.settle()
    rows = agent.world.outside.connections.of_agents(NetworkId(agent.network_id))
    hints = [ConfigChanged(NetworkId(agent.network_id), Revision(revision)) for revision in (7, 9, 8)]
    before = len(agent.hints)

    queues.deliver(
        {
            "Records": [
                {"messageId": str(n), "body": message_of(Push(hint, tuple(rows)))} for n, hint in enumerate(hints)
            ]
        }
    )

    assert agent.hints[before:] == [9]


def test_a_poisoned_message_fails_alone(agent: SimulatedAgent) -> None:
    good = {"messageId": "2", "body": message_of(Push(ConfigChanged(NetworkId("n"), Revision(4)), ()))}

    answer = queues.deliver({"Records": [{"messageId": "1", "body": "{"}, good]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
