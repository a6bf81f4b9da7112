"""What roles may do, by the packaged template, and what a run of the tests saw them do and be refused.

Every deployed system of a run is looked at when it ends. A refusal fails the test that used the system last; a
right that a whole run did not use fails the run: see conftest.py.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from infra.stack.local_stack import LocalStack

STREAM_POLLER = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
"""What Lambda does with the role of a function that follows a stream.

Source: AWS managed policy AWSLambdaDynamoDBExecutionRole.
"""
QUEUE_POLLER = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
"""What Lambda does with the role of a function that takes from a queue.

Source: AWS managed policy AWSLambdaSQSQueueExecutionRole.
"""
LOGGER = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What Lambda does with every role. Source: AWS managed policy AWSLambdaBasicExecutionRole."""

BY_AWS = frozenset((*STREAM_POLLER, *QUEUE_POLLER, *LOGGER))
"""Lambda's own calls: the local cloud does them without asking a role."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """All three by their logical id in the template; a resource is `*` where the policy says so."""

    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource}"


CHANGES = frozenset(
    f"dynamodb:{name}"
    for name in ("UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete", "PartiQLInsert")
)
"""What nobody may do to the audit log: a test tries it by the roles of functions, to see that they are refused."""

USED = pytest.StashKey[set[Right]]()
UNUSED = pytest.StashKey[list[Right]]()


def note(stack: LocalStack, config: pytest.Config) -> None:
    """Keep what the roles of a system did. A refusal fails: a function lacks a right that it needs."""
    assert stack.deployed is not None
    allowed, refused = told(stack.cloud.rights_noted.read_text(), stack.deployed.logical_ids)
    config.stash[USED].update(allowed)
    lacking = sorted(right for right in refused if right.resource != "AuditTable" or right.action not in CHANGES)
    assert not lacking, "roles were refused: " + "; ".join(map(str, lacking))


def granted(template: Mapping[str, Any]) -> set[Right]:
    """Every single right of every function's role."""
    return set(_granted(template["Resources"]))


def unused(template: Mapping[str, Any], used: Iterable[Right]) -> list[Right]:
    """What roles may do and did not, but for what only AWS does and what is explained."""
    left = granted(template) - set(used)
    return sorted(right for right in left if right.action not in BY_AWS and right not in EXPLAINED)


def told(notes: str, logical_ids: Mapping[str, str]) -> tuple[set[Right], set[Right]]:
    """What roles were allowed, and what refused, by the lines that infra/stack/iam.py writes."""
    allowed, refused = set[Right](), set[Right]()
    for note in map(json.loads, notes.splitlines()):
        function = logical_ids.get(note["role"], note["role"]).removesuffix("Role")
        right = Right(_function(function), note["action"], _logical(note["resource"], logical_ids))
        (allowed if note["allowed"] else refused).add(right)
    return allowed, refused


def _granted(resources: Mapping[str, Any]) -> Iterator[Right]:
    for role, resource in resources.items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in _listed(statement["Action"]):
                    for target in _listed(statement["Resource"]):
                        yield Right(_function(role.removesuffix("Role")), action, _named(target))


def _function(role: str) -> str:
    """Chalice calls the role of REST's one function differently."""
    return "APIHandler" if role == "ApiHandler" else role


def _named(target: Any) -> str:
    """The logical id that a policy's resource is about."""
    if isinstance(target, str):
        return target
    if "Fn::If" in target:
        return _named(target["Fn::If"][1])
    if "Fn::GetAtt" in target:
        return str(target["Fn::GetAtt"][0])
    return str(re.findall(r"\$\{(\w+)(?:\.\w+)?\}", target["Fn::Sub"])[-1])


def _logical(arn: str, logical_ids: Mapping[str, str]) -> str:
    if ":execute-api:" in arn:
        return "WebsocketAPI"  # whose id changes with a deployment
    return next((logical_ids[part] for part in re.split(r"[:/]", arn) if part in logical_ids), arn)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


EXPLAINED: Mapping[Right, str] = {
    Right("Deliver", "dynamodb:PutItem", "PresenceTable"): "notes an agent that is late, a minute after a change",
    Right("Deliver", "sqs:ChangeMessageVisibility", "PushQueue"): "of a message that failed, which none does there",
    Right("Deliver", "sqs:ChangeMessageVisibility", "CheckQueue"): "of a message that failed, which none does there",
    Right("Hold", "sqs:ChangeMessageVisibility", "HeldQueue"): "of a message that failed, which none does there",
    Right("Remove", "sqs:ChangeMessageVisibility", "RemovalQueue"): "of a message that failed, which none does there",
    Right(
        "Failover", "sqs:ChangeMessageVisibility", "FailoverQueue"
    ): "of a message that failed, which none does there",
    Right("Remove", "sqs:SendMessage", "RemovalQueue"): "goes on with a network of more than 200 peers",
    Right("Revoke", "sqs:SendMessage", "RevokeDeadLetters"): "Lambda's, for what it tried often enough",
    Right("Revoke", "dynamodb:Query", "AccountsTable"): "finds whom another default role concerns",
    Right(
        "WebsocketConnect", "dynamodb:DeleteItem", "SocketsTable"
    ): "takes back a socket whose session ended meanwhile",
    Right(
        "WebsocketDisconnect", "sqs:SendMessage", "FailoverQueue"
    ): "has an ephemeral peer looked after that went away",
    Right("APIHandler", "dynamodb:BatchWriteItem", "PresenceTable"): "tells of peers that awoke together",
    Right("APIHandler", "dynamodb:PartiQLUpdate", "PresenceTable"): "keeps what a jump saw while its socket is down",
    Right("Deliver", "dynamodb:UpdateItem", "ChangesTable"): "counts agents that went, a minute after a change",
    Right("Failover", "dynamodb:UpdateItem", "AccountsTable"): "ends an ephemeral peer that somebody owns",
    Right("APIHandler", "cognito-idp:AdminCreateUser", "UserPool"): "invites people, who come by a stand-in there",
    Right("Failover", "dynamodb:PutItem", "PresenceTable"): "tells of a jump that fell silent with its socket open",
}
"""Rights that no test on the local cloud uses, and for what they are needed. In-process tests show the need."""
