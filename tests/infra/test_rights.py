"""What roles may do: all that Lambda itself does with them, nothing on everything, nothing that no test uses."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT, package
from tests.rights import BY_AWS, CHANGES, EXPLAINED, LOGGER, QUEUE_POLLER, STREAM_POLLER, Right, granted, told, unused

POLLERS = {"SQS": QUEUE_POLLER, "DynamoDB": STREAM_POLLER}
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table"
LOGICAL = {"wirety-PlanRole-1": "PlanRole", "wirety-Peers-2": "PeersTable", "wirety-ApiHandlerRole-3": "ApiHandlerRole"}


def the_template() -> dict[str, Any]:
    template: dict[str, Any] = json.loads((package() / "sam.json").read_text())
    return template


def a_template(*statements: dict[str, Any]) -> dict[str, Any]:
    policies = [{"PolicyDocument": {"Statement": list(statements)}}]
    return {"Resources": {"PlanRole": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}}}


def a_note(role: str, action: str, resource: str, allowed: bool) -> str:
    return json.dumps({"role": role, "action": action, "resource": resource, "allowed": allowed})


def test_a_right_that_was_given_and_not_used_is_named_with_its_function() -> None:
    table = {"Fn::GetAtt": ["PeersTable", "Arn"]}
    template = a_template({"Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": [table]})
    used, _ = told(a_note("wirety-PlanRole-1", "dynamodb:GetItem", f"{TABLE}/wirety-Peers-2", True), LOGICAL)

    assert list(map(str, unused(template, used))) == ["Plan: dynamodb:Query on PeersTable"]
    assert unused(template, [*used, Right("Plan", "dynamodb:Query", "PeersTable")]) == []


def test_what_was_refused_is_not_used_and_is_named_as_it_is_where_nothing_is_known_of_it() -> None:
    notes = [
        a_note("wirety-ApiHandlerRole-3", "dynamodb:PutItem", f"{TABLE}/wirety-Peers-2/index/x", False),
        a_note("wirety-PlanRole-1", "execute-api:ManageConnections", "arn:aws:execute-api:r:a:gone/ws/POST/*", True),
        a_note("stranger", "kms:Decrypt", "arn:aws:kms:r:a:key/k", False),
    ]

    used, refused = told("\n".join(notes), LOGICAL)

    assert used == {Right("Plan", "execute-api:ManageConnections", "WebsocketAPI")}
    assert refused == {
        Right("APIHandler", "dynamodb:PutItem", "PeersTable"),
        Right("stranger", "kms:Decrypt", "arn:aws:kms:r:a:key/k"),
    }


def test_every_role_belongs_to_a_function_and_every_function_has_one() -> None:
    functions = {
        name for name, found in the_template()["Resources"].items() if found["Type"] == "AWS::Serverless::Function"
    }

    assert {right.function for right in granted(the_template())} == functions


def test_lambda_may_do_with_each_role_what_its_event_source_needs_and_no_more() -> None:
    """The local cloud's pollers ask no role: on AWS a source without these rights delivers nothing."""
    template = the_template()
    needed = {
        Right(name, action, "*" if action == "dynamodb:ListStreams" else _of(source))
        for name, found in template["Resources"].items()
        if found["Type"] == "AWS::Serverless::Function"
        for source in found["Properties"].get("Events", {}).values()
        if source["Type"] in POLLERS
        for action in POLLERS[source["Type"]]
    }

    polled = {right for right in granted(template) if right.action in {*QUEUE_POLLER, *STREAM_POLLER}}

    assert needed
    assert polled == needed


def test_each_function_writes_to_its_own_log_only() -> None:
    rights = {right for right in granted(the_template()) if right.action.startswith("logs:")}

    assert {right.action for right in rights} == set(LOGGER)
    assert all(right.resource == f"{right.function}Log" for right in rights)


@pytest.mark.parametrize("right", EXPLAINED, ids=str)
def test_what_is_explained_is_there(right: Right) -> None:
    assert right in granted(the_template())
    assert right.action not in BY_AWS


def _given_up_to(function: dict[str, Any]) -> set[str]:
    """The queues to which Lambda sends, by the function's role, what it tried often enough."""
    events = function["Properties"].get("Events", {}).values()
    destinations = [event["Properties"].get("DestinationConfig") for event in events]
    return {to["OnFailure"]["Destination"]["Fn::GetAtt"][0] for to in destinations if to is not None}


def test_no_role_may_change_or_remove_what_is_in_the_audit_log() -> None:
    """A right is exact: neither the action nor the resource has a wildcard through which this one could slip."""
    rights = {right for right in granted(the_template()) if right.action.startswith("dynamodb:")}

    assert {right.action.removeprefix("dynamodb:") for right in rights if right.resource == "AuditTable"} == {
        "PutItem",
        "Query",
    }
    assert not {right for right in rights if "*" in right.action}
    assert {right.action for right in rights if right.resource == "*"} <= {"dynamodb:ListStreams"}


@pytest.mark.parametrize("policy", sorted((ROOT / ".chalice").glob("policy-*.json")), ids=lambda file: file.stem)
def test_no_policy_names_the_audit_log_beside_a_right_to_change_it(policy: Path) -> None:
    for statement in json.loads(policy.read_text())["Statement"]:
        if "AuditTable" in json.dumps(statement["Resource"]):
            assert not CHANGES & set(statement["Action"])
            assert statement["Effect"] == "Allow"


def _of(source: dict[str, Any]) -> str:
    properties = source["Properties"]
    return str((properties.get("Queue") or properties["Stream"])["Fn::GetAtt"][0])


def test_a_function_is_told_of_the_tables_and_queues_that_its_role_may_touch_and_of_no_others() -> None:
    template = the_template()
    resources = template["Resources"]
    stores = {name for name, one in resources.items() if one["Type"] in ("AWS::DynamoDB::Table", "AWS::SQS::Queue")}
    functions = {name: one for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"}
    rights = [right for right in granted(template) if right.action not in STREAM_POLLER]

    known, may = {}, {}
    for name, one in functions.items():
        variables = one["Properties"]["Environment"]["Variables"].values()
        known[name] = {value["Ref"] for value in variables if isinstance(value, dict) and "Ref" in value} & stores
        may[name] = {right.resource for right in rights if right.function == name} & stores
        may[name] -= _given_up_to(one) - known[name]

    assert known == may
