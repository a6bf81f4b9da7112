"""What could not be done waits in dead-letter queues, and is taken up again by a command."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.queues.messages import failover_task_text, message_of, removal_from, removal_text
from chalicelib.application.push.revocations import Revocations
from chalicelib.bootstrap import container as bootstrap
from chalicelib.bootstrap.container import Container
from chalicelib.domain.change.agent_notices import ConfigChanged
from chalicelib.domain.ids import NetworkId, PeerId, Revision
from chalicelib.domain.peer.failover import DeadJumpReport
from chalicelib.ports.queues import Push
from scripts import redrive
from tests.application.identity.test_users import id_of
from tests.application.push.test_revocations import a_browser, is_ended, signed_in
from tests.flows.test_faults import record
from tests.flows.test_ill_stores import committed
from tests.records import change_record
from tests.world import SimulatedAgent, World

SOURCES = ("push", "failover", "removal")


@dataclass
class Post:
    """A deployment's queues, each with its dead letters, over the world's stores."""

    world: World
    sqs: Any
    urls: dict[str, str]

    def bury(self, queue: str, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.urls[f"{queue}-dead"], MessageBody=body)

    def waiting(self, queue: str) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        world, sqs = World(), boto3.client("sqs", region_name="us-east-1")
        urls = {
            f"{name}-dead": sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
            for name in (*SOURCES, "plan", "revoke")
        }
        for name in SOURCES:
            arn = f"arn:aws:sqs:us-east-1:123456789012:{name}-dead"
            policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 10})
            urls[name] = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
        settings = replace(
            world.container.settings,
            push_queue_url=urls["push"],
            failover_queue_url=urls["failover"],
            removal_queue_url=urls["removal"],
            plan_dead_letter_queue_url=urls["plan-dead"],
            revoke_dead_letter_queue_url=urls["revoke-dead"],
        )
        bootstrap.install(Container(settings, world.outside))
        yield Post(world, sqs, urls)


@pytest.fixture
def hub(post: Post) -> SimulatedAgent:
    """Connected, and in step; its next change is not planned."""
    hub = post.world.agent(post.world.network(), "jump", "hub")
    hub.connect()
    post.world.settle()
    hub.fetch()
    post.world.api("PATCH", f"/networks/{hub.network_id}/peers/{hub.peer_id}", {"mtu": 1400})
    return hub


def given_up(first: datetime, last: datetime) -> str:
    """What Lambda writes of a batch that failed too often: not a word of its records."""
    batch = {
        "shardId": "shardId-1",
        "batchSize": 1,
        "approximateArrivalOfFirstRecord": first.isoformat().replace("+00:00", "Z"),
        "approximateArrivalOfLastRecord": last.isoformat().replace("+00:00", "Z"),
    }
    return json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch})


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    found: dict[str, int] = json.loads(capsys.readouterr().out)
    return found


def test_a_change_that_was_buried_whole_is_planned(post: Post, hub: SimulatedAgent) -> None:
    [change] = committed(post.world)
    post.bury("plan", json.dumps({"reason": "LookupError(4)", "record": change_record(change)}))

    assert redrive.main(["plan"]) == 0
    post.world.deliver()

    assert hub.fetch().status == 200
    assert hub.hints[-1] == change.revision
    assert post.waiting("plan-dead") == []


def test_a_record_that_cannot_be_read_is_looked_up_in_the_change_log(post: Post, hub: SimulatedAgent) -> None:
    [change] = committed(post.world)
    poison = {
        "dynamodb": {**record(hub.network_id, change.revision)["dynamodb"], "NewImage": {"poison": {"BOOL": True}}}
    }
    post.bury("plan", json.dumps({"reason": "KeyError", "record": poison}))

    assert redrive.main(["plan"]) == 0

    assert hub.fetch().status == 200


def test_of_a_batch_that_lambda_gave_up_the_changes_of_that_time_are_planned(
    post: Post, hub: SimulatedAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    at = post.world.outside.clock.now()
    post.bury("plan", given_up(at, at))

    assert redrive.main(["plan"]) == 0

    assert hub.fetch().status == 200
    assert answer(capsys) == {"taken": 1, "failed": 0, "waiting": 0}


def test_what_was_made_at_another_time_is_not(post: Post, hub: SimulatedAgent) -> None:
    at = post.world.outside.clock.now()
    for away in (timedelta(hours=1), -timedelta(hours=1)):
        post.bury("plan", given_up(at + away, at + away))

    assert redrive.main(["plan"]) == 0

    assert hub.fetch().status == 304


def test_one_that_fails_again_stays_and_the_others_are_taken_up(
    post: Post, hub: SimulatedAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    [change] = committed(post.world)
    nobodys = json.dumps({"reason": "KeyError", "record": record(hub.network_id, 4_000)})
    post.bury("plan", nobodys)
    post.bury("plan", json.dumps({"reason": "LookupError", "record": change_record(change)}))

    assert redrive.main(["plan"]) == 1

    assert answer(capsys)["failed"] == 1
    assert post.waiting("plan-dead") == [nobodys]
    assert hub.fetch().status == 200


def lost(world: World, method: str, path: str, body: object = None) -> None:
    """Change an account, and have nobody told of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Revocations, "revoke", lambda _self, _changes: None)
        assert world.api(method, path, body).status < 300
        world.settle()


@pytest.mark.parametrize("how", ["suspended", "removed", "another default role"])
def test_the_sockets_of_an_account_whose_end_lambda_gave_up_are_ended(
    post: Post, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world = post.world
    ana = signed_in(world, "ana")
    world.settle()
    world.outside.clock.advance(timedelta(minutes=20))
    browser, other = a_browser(world, ana), a_browser(world, None)
    path = f"/users/{id_of('ana')}"
    settings = {"default_role": "auditor", "member_peer_limit": 5}
    calls: dict[str, tuple[str, str, object]] = {
        "suspended": ("PATCH", path, {"is_suspended": True}),
        "removed": ("DELETE", path, None),
        "another default role": ("PUT", "/settings", settings),
    }
    lost(world, *calls[how])
    assert not is_ended(browser)
    at = world.outside.clock.now()
    for away in (timedelta(hours=1), timedelta()):
        post.bury("revoke", given_up(at + away, at + away))

    assert redrive.main(["revoke"]) == 0
    world.settle()

    assert (is_ended(browser), is_ended(other)) == (True, False)
    assert answer(capsys) == {"taken": 2, "failed": 0, "waiting": 0}


def test_the_sockets_of_a_token_whose_end_lambda_gave_up_are_ended(post: Post) -> None:
    world, ana = post.world, signed_in(post.world, "ana")
    made = world.api("POST", "/tokens", {"name": "t", "role": "operator"}, ana).json
    world.settle()
    person, of_token = a_browser(world, None), a_browser(world, made["secret"])
    lost(world, "DELETE", f"/tokens/{made['token']['id']}")
    at = world.outside.clock.now()
    post.bury("revoke", given_up(at, at))

    assert redrive.main(["revoke"]) == 0
    world.settle()

    assert (is_ended(person), is_ended(of_token)) == (False, True)


NETWORK = NetworkId("net_1")
BODIES = {
    "push": message_of(Push(ConfigChanged(NETWORK, Revision(4)), ())),
    "failover": failover_task_text(DeadJumpReport(NETWORK, PeerId("dyn_1"), (PeerId("jmp_1"),))),
    "removal": removal_text(NETWORK, 0),
}


@pytest.mark.parametrize("queue", SOURCES)
def test_messages_go_back_to_the_queue_they_came_from(
    post: Post, queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(12):
        post.bury(queue, BODIES[queue])

    assert redrive.main([queue, "--most", "11"]) == 0

    assert answer(capsys) == {"taken": 11, "failed": 0, "waiting": 1}
    assert set(post.waiting(queue)) == {BODIES[queue]}


def test_a_removal_that_had_come_to_its_last_turn_begins_anew(post: Post) -> None:
    post.bury("removal", removal_text(NETWORK, 5_000))

    assert redrive.main(["removal"]) == 0

    assert [removal_from(body) for body in post.waiting("removal")] == [(NETWORK, 0)]


def test_a_dry_run_says_what_waits_and_leaves_it(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    post.bury("plan", given_up(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)))
    post.bury("plan", json.dumps({"reason": "LookupError(4)", "record": {}}))
    post.bury("plan", "{")
    post.bury("failover", BODIES["failover"])

    assert redrive.main(["plan", "--dry-run"]) == 0
    assert answer(capsys) == {"given up by Lambda": 1, "not planned: LookupError": 1, "unreadable": 1}
    assert redrive.main(["failover", "--dry-run"]) == 0
    assert answer(capsys) == {"DeadJumpReport": 1}

    assert len(post.waiting("plan-dead")) == 3
    assert post.waiting("failover-dead") == [BODIES["failover"]]
    assert post.waiting("failover") == []


def test_help_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        redrive.main(["--help"])

    assert ended.value.code == 0
    assert "PLAN_DEAD_LETTER_QUEUE_URL" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        redrive.main(["plan", "--most", "0"])
