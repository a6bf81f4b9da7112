"""The queues' adapters: bounded clients, and visibility of the right queue."""

from datetime import timedelta

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamodb import tables
from chalicelib.adapters.kms import KmsVault
from chalicelib.adapters.queues.sqs import (
    SqsDeadLetters,
    SqsFailoverQueue,
    SqsPushQueue,
    SqsRedelivery,
    SqsRemovalQueue,
)
from chalicelib.adapters.sockets import management
from chalicelib.domain.ids import NetworkId, Revision
from chalicelib.ports.queues import Check
from chalicelib.settings import Settings, settings_from

NONE = timedelta(0)
MOST_S = (2 + 5) * 3  # to connect, to read, and three tries


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def settings(**variables: str) -> Settings:
    return settings_from({"AWS_REGION": "eu-west-1", "WEBSOCKET_ENDPOINT": "http://127.0.0.1:1/ws", **variables})


def test_every_client_gives_up_before_its_function_is_killed() -> None:
    queues = (SqsPushQueue, SqsFailoverQueue, SqsRemovalQueue, SqsRedelivery, SqsDeadLetters)
    clients = [
        *(queue(settings())._sqs for queue in queues),
        KmsVault(settings())._client,
        tables.bind(settings()).client,
    ]

    for client in clients:
        config = client.meta.config
        tries = config.retries.get("total_max_attempts") or config.retries["max_attempts"] + 1
        assert (config.connect_timeout + config.read_timeout) * tries <= MOST_S + 7, client

    assert (management.CONNECT_S + management.READ_S) * management.TRIES <= MOST_S


@mock_aws
def test_looks_for_late_agents_have_a_queue_of_their_own_and_visibility_is_changed_where_a_message_came_from() -> None:
    sqs = SqsRedelivery(settings())._sqs
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("pushes", "checks")}
    known = settings(PUSH_QUEUE_URL=urls["pushes"], CHECK_QUEUE_URL=urls["checks"])
    SqsPushQueue(known).remind(Check(NetworkId("n"), Revision(1), Revision(2)), delay=NONE)
    arn = sqs.get_queue_attributes(QueueUrl=urls["checks"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    [message] = sqs.receive_message(QueueUrl=urls["checks"])["Messages"]
    hidden = "Messages" in sqs.receive_message(QueueUrl=urls["checks"])
    SqsRedelivery(known).after(arn, {message["ReceiptHandle"]: 0})

    assert not hidden
    assert "Messages" not in sqs.receive_message(QueueUrl=urls["pushes"])
    assert [one["MessageId"] for one in sqs.receive_message(QueueUrl=urls["checks"])["Messages"]] == [
        message["MessageId"]
    ]
