"""A role does on the local cloud what its policy says on AWS, and what it did is noted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ministack.core import iam_actions

from infra.stack.cloud import REGION, Cloud
from infra.stack.deploy import client
from infra.stack.iam import of_one_message, partiql_checks
from infra.stack.tcp_ports import free_port

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table"
RAISE = 'UPDATE "{}" SET "wanted" = ? WHERE "peer_id" = \'p\''


def checks(action: str, body: object) -> list[tuple[str, str]]:
    return partiql_checks(f"dynamodb:{action}", json.dumps(body).encode(), REGION, "000000000000")


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ('UPDATE "my-table" SET a = 1 WHERE b = 2', ("dynamodb:PartiQLUpdate", f"{TABLE}/my-table")),
        ('SELECT a FROM "t" WHERE b = 2', ("dynamodb:PartiQLSelect", f"{TABLE}/t")),
        ("delete from t where b = 2", ("dynamodb:PartiQLDelete", f"{TABLE}/t")),
        ('INSERT INTO "t" VALUE {}', ("dynamodb:PartiQLInsert", f"{TABLE}/t")),
        ("EXISTS(...)", ("dynamodb:PartiQL", "*")),
    ],
)
def test_a_statement_needs_the_right_that_its_first_word_names_on_its_table(
    statement: str, needed: tuple[str, str]
) -> None:
    assert checks("ExecuteStatement", {"Statement": statement}) == [needed]


def test_statements_of_a_batch_are_checked_each_on_its_table_and_once() -> None:
    statements = [{"Statement": RAISE.format(table)} for table in ("a", "b", "a")]

    needed = [("dynamodb:PartiQLUpdate", f"{TABLE}/{table}") for table in ("a", "b")]
    assert checks("BatchExecuteStatement", {"Statements": statements}) == needed
    assert checks("ExecuteTransaction", {"TransactStatements": statements}) == needed


def test_other_calls_are_not_partiql_and_an_empty_batch_needs_what_nobody_has() -> None:
    assert checks("PutItem", {"TableName": "t"}) == []
    assert checks("BatchExecuteStatement", {}) == [("dynamodb:PartiQL", "*")]


def test_a_batch_of_messages_needs_the_right_of_one() -> None:
    assert of_one_message("sqs:SendMessageBatch") == "sqs:SendMessage"
    assert of_one_message("sqs:SendMessage") == "sqs:SendMessage"
    assert of_one_message("dynamodb:BatchGetItem") == "dynamodb:BatchGetItem"


def test_the_pinned_emulator_still_needs_both() -> None:
    """Where this fails, the emulator names these actions by itself: take them out of infra/stack/iam.py."""
    headers = {"x-amz-target": "AmazonSQS.SendMessageBatch"}
    assert iam_actions.extract_iam_action("sqs", "POST", "/", headers, b"{}", {}) == "sqs:SendMessageBatch"
    body = json.dumps({"Statements": [{"Statement": RAISE.format("t")}]}).encode()
    action = "dynamodb:BatchExecuteStatement"
    assert iam_actions.dynamodb_transaction_checks(action, body, REGION, "0" * 12) == []


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    started = Cloud(tmp_path / "cloud", free_port())
    started.start()
    yield started
    started.stop()


@pytest.mark.stack
def test_a_role_does_what_it_may_and_is_refused_the_rest_and_both_are_noted(cloud: Cloud) -> None:
    client(cloud, "dynamodb").create_table(
        TableName="presence",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "peer_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "peer_id", "KeyType": "HASH"}],
    )
    queue = client(cloud, "sqs").create_queue(QueueName="pushes")["QueueUrl"]
    acting = a_session(cloud, "plan", {"dynamodb:PartiQLUpdate": f"{TABLE}/presence", "sqs:SendMessage": "*"})
    dynamodb, sqs = (acting.client(service, endpoint_url=cloud.endpoint) for service in ("dynamodb", "sqs"))

    statement = {"Statement": RAISE.format("presence"), "Parameters": [{"N": "7"}]}
    dynamodb.batch_execute_statement(Statements=[statement])
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "hint"}])
    for _ in range(2):
        with pytest.raises(ClientError, match="AccessDenied"):
            dynamodb.put_item(TableName="presence", Item={"peer_id": {"S": "p"}})

    noted = [json.loads(line) for line in cloud.rights_noted.read_text().splitlines()]
    assert [(line["role"], line["action"], line["resource"], line["allowed"]) for line in noted] == [
        ("plan", "dynamodb:PartiQLUpdate", f"{TABLE}/presence", True),
        ("plan", "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:pushes", True),
        ("plan", "dynamodb:PutItem", f"{TABLE}/presence", False),
    ]


def a_session(cloud: Cloud, role: str, may: dict[str, str]) -> Any:
    """Credentials of a new role that may do each action to its resource."""
    iam = client(cloud, "iam")
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trusting("lambda.amazonaws.com")))
    policy = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in may.items()]
    iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps({"Statement": policy}))
    session = client(cloud, "sts").assume_role(RoleArn=arn["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    return boto3.Session(*keys, region_name=REGION)


def trusting(service: str) -> dict[str, object]:
    return {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
