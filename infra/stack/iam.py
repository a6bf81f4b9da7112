"""The emulator's checks of rights: named as AWS names them, and noted for who asks which right was used.

With AUTH=true MiniStack checks each call of a role against its policies. Not checked there: what event
sources do with a function's role, `dynamodb:LeadingKeys`, and who may invoke a function.
"""

import json
import re
import time
from pathlib import Path
from typing import Any

from ministack.core import iam_actions, iam_evaluator

PARTIQL = ("dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction")
STATEMENT = re.compile(r'\s*(SELECT|INSERT|UPDATE|DELETE)\b(?:.*?\b(?:FROM|INTO)\b)?\s*"?([\w.-]+)', re.I | re.S)
SQS_BATCH = re.compile(r"(sqs:(?:SendMessage|DeleteMessage|ChangeMessageVisibility))Batch")
PASSED_S = 1.0  # AWS itself may take seconds until a change of a policy holds
CONNECTION = re.compile(r"/@connections/.*")

Check = tuple[str, str]
"""An action and the ARN it is done to."""


def enforce_as_aws() -> None:
    """Have the running emulator check the actions by which AWS knows its calls.

    # ministack 1.5: until it checks PartiQL and SQS batches by itself, which tests/infra/stack/test_iam.py would notice
    """
    action_of, transaction_checks = iam_actions.extract_iam_action, iam_actions.dynamodb_transaction_checks

    def extract_iam_action(*request: Any) -> str | None:
        found = action_of(*request)
        return found and of_one_message(found)

    def dynamodb_transaction_checks(action: str, body: bytes, region: str, account: str) -> list[Check]:
        return partiql_checks(action, body, region, account) or transaction_checks(action, body, region, account)

    iam_actions.extract_iam_action = extract_iam_action
    iam_actions.dynamodb_transaction_checks = dynamodb_transaction_checks


def note_checks(notes: Path) -> None:
    """Have the running emulator add a line to `notes` for each right of a role that it had not checked before.

    A line is `{"role", "action", "resource", "allowed"}`: the role's name, the resource's ARN. So the file
    stays as small as what roles do; ids of connections are left out. A check that was passed is not made again
    for PASSED_S: a thousand posts to sockets are one.
    """
    enforce, passed = iam_evaluator.enforce, dict[tuple[str, ...], float]()
    seen = set(notes.read_text().splitlines()) if notes.exists() else set()
    file = notes.open("a", buffering=1)

    def noted(key: str, action: str, service: str, region: str, resource_arn: str = "*", **rest: Any) -> Any:
        resource, now = CONNECTION.sub("/@connections/*", resource_arn), time.monotonic()
        check = (key, action, region, resource)
        if not rest.get("service_context") and now < passed.get(check, 0.0):
            return None
        refusal = enforce(key, action, service, region, resource_arn=resource_arn, **rest)
        if refusal is None:
            passed[check] = now + PASSED_S
        role = _role(key)
        if role is not None:
            line = json.dumps({"role": role, "action": action, "resource": resource, "allowed": refusal is None})
            if line not in seen:
                seen.add(line)
                file.write(line + "\n")
        return refusal

    iam_evaluator.enforce = noted


def of_one_message(action: str) -> str:
    """The action that a role needs for a call: a batch needs that of one message.

    Source: Amazon SQS developer guide, "Amazon SQS API permissions: Actions and resource reference".
    """
    batch = SQS_BATCH.fullmatch(action)
    return batch[1] if batch else action


def partiql_checks(action: str, body: bytes, region: str, account: str) -> list[Check]:
    """The right that each statement of a call needs, on its table; none if the call is no PartiQL.

    A statement that is not understood needs a right that nobody has.

    Source: Amazon DynamoDB developer guide, "IAM security policies with PartiQL for DynamoDB".
    """
    if action not in PARTIQL:
        return []
    call = json.loads(body or b"{}")
    statements = [call] if "Statement" in call else call.get("Statements") or call.get("TransactStatements") or [{}]
    return list(dict.fromkeys(_statement_check(one.get("Statement", ""), region, account) for one in statements))


def _statement_check(statement: str, region: str, account: str) -> Check:
    found = STATEMENT.match(statement)
    if found is None:
        return "dynamodb:PartiQL", "*"
    return f"dynamodb:PartiQL{found[1].capitalize()}", f"arn:aws:dynamodb:{region}:{account}:table/{found[2]}"


def _role(access_key: str) -> str | None:
    """The name of the role whose session a key is of; None for the deployer."""
    identity = iam_evaluator.resolve_caller_identity(access_key)
    if identity is None or identity["session"] is None:
        return None
    return str(identity["userArn"].split("/")[1])
