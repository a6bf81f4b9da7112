"""The stack on the local cloud: the template of AWS, with only what the emulator needs changed."""

import copy
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.stack.cloud import CREDENTIALS, REGION, Cloud

STACK = "wirety"
BUCKET = "wirety-artefacts"
TEMPLATE = "template.json"
WAIT_S = 120
UNKNOWN_TYPES = ("AWS::Cognito::UserPoolUser", "AWS::Cognito::UserPoolUserToGroupAttachment")  # see sign_in.py
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class DeployFailed(Exception):
    """CloudFormation refused the template or could not finish it."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """Ids of one deployment: an update may give the APIs new ones. `functions`: name by logical id.

    `logical_ids`: by the last part of the physical one, such as a table's or a queue's name.
    """

    rest_api_id: str
    websocket_api_id: str
    sockets_table: str
    user_pool_id: str | None
    functions: Mapping[str, str]
    logical_ids: Mapping[str, str]


def deploy(cloud: Cloud, package: Path, parameters: Mapping[str, str]) -> Deployed:
    """Create or update the stack from a package, and drop the rows of sockets that died with the last run."""
    s3 = client(cloud, "s3")
    key = _upload(s3, package)
    template = json.dumps(local_template(json.loads((package / "sam.json").read_text()), cloud.endpoint, key))
    s3.put_object(Bucket=BUCKET, Key=TEMPLATE, Body=template.encode())  # too large to be sent as a body, as on AWS
    formation = client(cloud, "cloudformation")
    outputs = _make_so(formation, f"{cloud.endpoint}/{BUCKET}/{TEMPLATE}", parameters)
    resources = formation.describe_stack_resources(StackName=STACK)["StackResources"]
    functions = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    deployed = Deployed(
        outputs["RestApiId"],
        outputs["WebsocketApiId"],
        outputs["SocketsTable"],
        outputs.get("UserPoolId"),
        functions,
        {resource["PhysicalResourceId"].split("/")[-1]: resource["LogicalResourceId"] for resource in resources},
    )
    _drop_rows(client(cloud, "dynamodb"), deployed.sockets_table)
    return deployed


def environment_of(cloud: Cloud, function_name: str) -> dict[str, str]:
    """A deployed function's variables, and those by which it finds this cloud."""
    functions = client(cloud, "lambda")
    configuration = functions.get_function_configuration(FunctionName=function_name)
    return {**configuration["Environment"]["Variables"], **cloud.environment}


def warm(cloud: Cloud, function_name: str) -> None:
    """Have a function's first worker started: an empty batch does nothing."""
    client(cloud, "lambda").invoke(FunctionName=function_name, Payload=b'{"Records": []}')


def local_template(template: Mapping[str, Any], endpoint: str, key: str) -> dict[str, Any]:
    """The template of AWS with the emulator's needs.

    The code comes from its bucket; sockets are answered at its own address, where the pool's discovery
    document is as well; users are no resource type of its; integrations say which
    function they wait for, because the emulator overlooks references within the variables of a Sub;
    and the stream's event source gets a new logical id, because the emulator keeps a source's position
    over a restart but not the records, so that with the same one it would skip as many changes as
    were made before.
    """
    local = copy.deepcopy(dict(template))
    local["Resources"] = {
        name: resource for name, resource in local["Resources"].items() if resource["Type"] not in UNKNOWN_TYPES
    }
    for resource in local["Resources"].values():
        if resource["Type"] == "AWS::ApiGatewayV2::Integration":
            _, variables = resource["Properties"]["IntegrationUri"]["Fn::Sub"]
            resource["DependsOn"] = [value["Ref"] for value in variables.values()]
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        properties["CodeUri"] = {"Bucket": BUCKET, "Key": key}
        variables = properties.get("Environment", {}).get("Variables", {})
        if "WEBSOCKET_ENDPOINT" in variables:
            variables["WEBSOCKET_ENDPOINT"] = {"Fn::Sub": f"{endpoint}/_aws/execute-api/${{WebsocketAPI}}/ws"}
        if "OIDC_DISCOVERY_URL" in variables:
            own = {"Fn::Sub": f"{endpoint}/${{UserPool}}/.well-known/openid-configuration"}
            variables["OIDC_DISCOVERY_URL"] = {"Fn::If": ["HasOwnPool", own, variables["OIDC_DISCOVERY_URL"]]}
        if "Events" in properties:
            properties["Events"] = dict(map(_renewed, properties["Events"].items()))
    return local


def client(cloud: Cloud, service: Any) -> Any:
    session = boto3.Session(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
    return session.client(service, endpoint_url=cloud.endpoint)


def _renewed(source: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    name, event = source
    return (name + secrets.token_hex(4) if event["Type"] == "DynamoDB" else name), event


def _upload(s3: Any, package: Path) -> str:
    key = f"{package.name}.zip"
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(package / "deployment.zip"), BUCKET, key)
    return key


def _make_so(formation: Any, template_url: str, parameters: Mapping[str, str]) -> dict[str, str]:
    request = {
        "StackName": STACK,
        "TemplateURL": template_url,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    }
    status = _status(formation)
    if status == "ROLLBACK_COMPLETE":  # a creation that failed: AWS, too, wants it deleted first
        formation.delete_stack(StackName=STACK)
        status = None
    (formation.create_stack if status is None else formation.update_stack)(**request)
    end = time.monotonic() + WAIT_S
    while True:
        stack = formation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] in DONE:
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if "FAILED" in stack["StackStatus"] or "ROLLBACK" in stack["StackStatus"] or time.monotonic() > end:
            raise DeployFailed(f"{stack['StackStatus']}: {stack.get('StackStatusReason', '')} {_reasons(formation)}")
        time.sleep(0.1)


def _status(formation: Any) -> str | None:
    try:
        return str(formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])
    except ClientError:
        return None


def _reasons(formation: Any) -> list[str]:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]


def _drop_rows(dynamodb: Any, table: str) -> None:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for row in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={"network_id": row["network_id"], "item": row["item"]})
