"""What the packaged template promises of data, stream and sockets."""

import json
import re
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from chalicelib.entrypoints.rest.routing.route import METHODS
from chalicelib.settings import InvalidSetting, group_roles_of
from chalicelib.wire.codec import decode
from chalicelib.wire.problem import CONTENT_TYPE, Problem
from infra.package import ROOT, package


def resources() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package() / "sam.json").read_text())["Resources"]
    return found


def test_every_table_is_encrypted_recoverable_and_kept() -> None:
    tables = [resource for resource in resources().values() if resource["Type"] == "AWS::DynamoDB::Table"]

    assert len(tables) == 11
    for table in tables:
        assert table["DeletionPolicy"] == "RetainExceptOnCreate"
        assert table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["SSESpecification"]["SSEType"] == "KMS"
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_only_inserted_change_records_reach_the_plan_and_none_is_skipped() -> None:
    source = resources()["Plan"]["Properties"]["Events"]["Changes"]["Properties"]

    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert json.loads(source["FilterCriteria"]["Filters"][0]["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"type": {"S": ["change"]}}},
    }


def queues_of(function: dict[str, Any]) -> set[str]:
    """The queues that a function is run by."""
    events = function["Properties"].get("Events", {}).values()
    return {event["Properties"]["Queue"]["Fn::GetAtt"][0] for event in events if event["Type"] == "SQS"}


def queues_for(function: str, action: str) -> set[str]:
    """The queues with which a function may do something."""
    policy = json.loads((ROOT / ".chalice" / f"policy-{function.lower()}.json").read_text())
    allowed = (statement for statement in policy["Statement"] if action in statement["Action"])
    return {resource["Fn::GetAtt"][0] for statement in allowed for resource in statement["Resource"]}


def test_every_function_that_sends_to_its_own_queue_may_do_so_for_ever() -> None:
    """Lambda ends what it takes for a loop after some 16 turns; these have bounds of their own."""
    found = resources()
    functions = {name: one for name, one in found.items() if one["Type"] == "AWS::Serverless::Function"}
    run_by = {name: queues for name, one in functions.items() if (queues := queues_of(one))}
    again = {name for name, queues in run_by.items() if queues & queues_for(name, "sqs:SendMessage")}

    assert again == {"Deliver", "Failover", "Remove"}
    assert {name for name, one in functions.items() if one["Properties"].get("RecursiveLoop") == "Allow"} == again


def test_what_a_killed_function_had_is_seen_again_after_six_times_its_time_and_some_receives() -> None:
    found = resources()
    functions = [one for one in found.values() if one["Type"] == "AWS::Serverless::Function"]

    read = {queue: one["Properties"]["Timeout"] for one in functions for queue in queues_of(one)}

    assert read.keys() == {"PushQueue", "CheckQueue", "FailoverQueue", "HeldQueue", "RemovalQueue"}
    for queue, timeout in read.items():
        assert found[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout
        assert found[queue]["Properties"]["RedrivePolicy"]["maxReceiveCount"] == 10


def test_a_function_may_change_the_visibility_of_what_it_reads() -> None:
    for name, one in resources().items():
        if one["Type"] != "AWS::Serverless::Function" or not queues_of(one):
            continue
        assert queues_of(one) <= queues_for(name, "sqs:ChangeMessageVisibility"), name


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", 404, "not_found"),
        ("INVALID_SIGNATURE", 404, "not_found"),
        ("REQUEST_TOO_LARGE", 413, "body_too_large"),
        ("THROTTLED", 429, "too_many_requests"),
        ("INTEGRATION_TIMEOUT", 504, "timeout"),
        ("DEFAULT_4XX", 400, "bad_request"),
        ("DEFAULT_5XX", 500, "internal"),
    ],
)
def test_what_the_gateway_refuses_by_itself_is_a_problem(kind: str, status: int, code: str) -> None:
    answer = resources()["RestAPI"]["Properties"]["GatewayResponses"][kind]

    problem = decode(answer["ResponseTemplates"]["application/json"].encode(), Problem)
    headers = answer["ResponseParameters"]["Headers"]
    assert (int(answer["StatusCode"]), problem.status, problem.code) == (status, status, code)
    assert problem.detail
    assert headers["Content-Type"] == f"'{CONTENT_TYPE}'"
    assert headers["Cache-Control"] == "'no-store'"
    assert ("Retry-After" in headers) is (status == 429)


def test_every_answer_of_the_gateway_says_its_own_status() -> None:
    for answer in resources()["RestAPI"]["Properties"]["GatewayResponses"].values():
        problem = decode(answer["ResponseTemplates"]["application/json"].encode(), Problem)
        assert (str(problem.status), problem.title) == (answer["StatusCode"], HTTPStatus(problem.status).phrase)


def test_a_path_of_the_api_answers_every_method_by_the_function() -> None:
    paths = resources()["RestAPI"]["Properties"]["DefinitionBody"]["paths"]

    for path, methods in paths.items():
        assert {method.upper() for method in methods} == set(METHODS), path
    assert {"/", "/{proxy+}"} <= paths.keys()


def test_a_socket_needs_the_authorizer() -> None:
    route = resources()["WebsocketConnectRoute"]["Properties"]

    assert route["AuthorizationType"] == "CUSTOM"
    assert route["AuthorizerId"] == {"Ref": "SocketAuthorizer"}


def test_later_routes_of_sockets_are_published() -> None:
    found = resources()

    assert found["WebsocketAPIDeployment"]["Condition"] == "Never"
    assert found["WebsocketAPIStage"]["Properties"]["AutoDeploy"] is True


def test_nobody_signs_up_alone_and_no_session_outlives_the_day() -> None:
    pool, client = (resources()[name]["Properties"] for name in ("UserPool", "ConsoleClient"))

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (False, ["code"])
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    units, refresh = client["TokenValidityUnits"], client["RefreshTokenValidity"]
    assert (client["IdTokenValidity"], client["AccessTokenValidity"], refresh) == (60, 60, 12)
    assert units == {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "hours"}


def test_with_another_issuer_there_is_no_pool_and_nothing_of_one() -> None:
    of_the_pool = {name: found for name, found in resources().items() if "::Cognito::" in found["Type"]}

    assert {found["Condition"] for found in of_the_pool.values()} == {
        "HasOwnPool",
        "HasPoolDomain",
        "HasPoolAdministrator",
    }
    assert len(of_the_pool) == 9


def test_the_default_role_is_never_administrator() -> None:
    parameters = json.loads((package() / "sam.json").read_text())["Parameters"]

    assert parameters["DefaultRole"]["AllowedValues"] == ["", "operator", "auditor", "member"]
    assert parameters["DefaultRole"]["Default"] == ""


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        ("", True),
        ("operator=3f2b6c1e-0000-4000-8000-000000000001", True),
        ("administrator=/staff/net;auditor = CN=readers,OU=groups;", True),
        ("root=staff", False),
        ("operator", False),
        ("operator=", False),
        ("staff=operator", False),
    ],
)
def test_which_group_gives_which_role_is_checked_at_deployment_as_at_the_start(said: str, is_taken: bool) -> None:
    pattern = json.loads((package() / "sam.json").read_text())["Parameters"]["OidcGroupRoles"]["AllowedPattern"]

    assert (re.fullmatch(pattern, said) is not None) is is_taken
    if is_taken:
        group_roles_of(said)
    else:
        with pytest.raises(InvalidSetting, match="role=group"):
            group_roles_of(said)


def test_the_template_of_the_one_origin_passes_cfn_lint() -> None:
    lint = Path(sys.executable).with_name("cfn-lint")

    done = subprocess.run(
        [lint, "--region", "eu-west-1", "--", ROOT / "infra" / "console.yaml"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_parameter_is_described_and_can_be_given_to_make_deploy() -> None:
    parameters = json.loads((package() / "sam.json").read_text())["Parameters"]
    readme, script = ((ROOT / path).read_text() for path in ("infra/README.md", "scripts/deploy.sh"))

    for name in parameters:
        assert f"| `{name}` |" in readme, name
        assert f'"{name}=$' in script, name
