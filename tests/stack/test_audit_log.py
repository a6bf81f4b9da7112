"""The audit log of the deployed system: written with the change, and changed by nobody."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.stack.cloud import REGION
from infra.stack.deploy import client, environment_of
from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def operator(stack: LocalStack) -> Operator:
    return Operator(stack)


def as_function(stack: LocalStack, name: str) -> tuple[Any, str]:
    """DynamoDB with the credentials of a function's role, and the name of the audit log's table."""
    assert stack.deployed is not None
    function = stack.deployed.functions[name]
    role = client(stack.cloud, "lambda").get_function_configuration(FunctionName=function)["Role"]
    told = client(stack.cloud, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"], region_name=REGION)
    table = environment_of(stack.cloud, stack.deployed.functions["APIHandler"])["AUDIT_TABLE"]
    return session.client("dynamodb", endpoint_url=stack.cloud.endpoint), table


def test_a_change_is_in_the_log_with_who_made_it(operator: Operator) -> None:
    network = operator.network()

    paths = (f"/audit?network_id={network}{also}" for also in ("", "&action=network_created", f"&target={network}"))
    [record], *others = (operator.call("GET", path).json()["items"] for path in paths)

    assert (record["action"], record["outcome"], record["target"]["id"]) == ("network_created", "done", network)
    assert record["actor"]["kind"] == "api_token"
    assert others == [[record], [record]]
    exported = operator.call("GET", f"/audit/export?network_id={network}")
    assert [json.loads(line) for line in exported.text.splitlines()] == [record]


def test_a_refusal_is_in_the_log(operator: Operator, stack: LocalStack) -> None:
    record, _, secret = stack.info["api_token"].rpartition(".")
    assert operator.call("GET", "/me", token=f"{record}.{'x' * len(secret)}").status_code == 401

    newest = operator.call("GET", "/audit?action=credential_refused&limit=1").json()["items"][0]

    assert (newest["actor"]["name"], newest["outcome"]) == ("local-admin", "refused")


@pytest.mark.parametrize("function", ["APIHandler", "Hold", "Failover", "Remove", "Plan", "WebsocketMessage"])
def test_a_function_that_tries_to_change_the_log_is_denied(
    operator: Operator, stack: LocalStack, function: str
) -> None:
    operator.network()
    dynamodb, table = as_function(stack, function)
    before = operator.call("GET", "/audit?limit=1").json()["items"]
    admin = client(stack.cloud, "dynamodb")
    item = admin.query(
        TableName=table,
        KeyConditionExpression="#scope = :all",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues={":all": {"S": "deployment"}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"][0]
    key = {"scope": item["scope"], "item": item["item"]}
    other = {"item": {"S": "2026"}, **{name: value for name, value in item.items() if name != "item"}}

    tries: tuple[Callable[[], object], ...] = (
        lambda: dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #record = :none",
            ExpressionAttributeNames={"#record": "record"},
            ExpressionAttributeValues={":none": {"S": "{}"}},
        ),
        lambda: dynamodb.delete_item(TableName=table, Key=key),
        lambda: dynamodb.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}}]}),
        lambda: dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": key}}]),
        lambda: dynamodb.execute_statement(
            Statement=f"DELETE FROM \"{table}\" WHERE scope = 'deployment' AND item = '{item['item']['S']}'"
        ),
        lambda: dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": other}}]}),
    )
    for attempt in tries:
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()

    assert operator.call("GET", "/audit?limit=1").json()["items"] == before
