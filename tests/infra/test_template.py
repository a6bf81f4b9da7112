"""What the packaged template promises of data, stream and sockets."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.package import ROOT, package


def resources() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package() / "sam.json").read_text())["Resources"]
    return found


def test_every_table_is_encrypted_recoverable_and_kept() -> None:
    tables = [resource for resource in resources().values() if resource["Type"] == "AWS::DynamoDB::Table"]

    assert len(tables) == 8
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


def test_every_function_that_sends_to_its_own_queue_may_do_so_for_ever() -> None:
    """Lambda ends what it takes for a loop after some 16 turns; these have bounds of their own."""
    found = resources()
    functions = {name: one for name, one in found.items() if one["Type"] == "AWS::Serverless::Function"}
    again = {
        name
        for name, one in functions.items()
        if queues_of(one)
        & {value["Ref"] for value in one["Properties"]["Environment"]["Variables"].values() if "Ref" in value}
    }

    assert again == {"Deliver", "Failover", "Remove"}
    assert {name for name, one in functions.items() if one["Properties"].get("RecursiveLoop") == "Allow"} == again


def test_what_a_killed_function_had_is_seen_again_after_six_times_its_time_and_some_receives() -> None:
    found = resources()
    functions = [one for one in found.values() if one["Type"] == "AWS::Serverless::Function"]

    read = {queue: one["Properties"]["Timeout"] for one in functions for queue in queues_of(one)}

    assert read.keys() == {"PushQueue", "CheckQueue", "ErrandQueue", "RemovalQueue"}
    for queue, timeout in read.items():
        assert found[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout
        assert found[queue]["Properties"]["RedrivePolicy"]["maxReceiveCount"] == 10


def test_a_function_may_change_the_visibility_of_what_it_reads() -> None:
    for name, one in resources().items():
        if one["Type"] != "AWS::Serverless::Function" or not queues_of(one):
            continue
        policy = json.loads((ROOT / ".chalice" / f"policy-{name.lower()}.json").read_text())
        allowed = {
            resource["Fn::GetAtt"][0]
            for statement in policy["Statement"]
            if "sqs:ChangeMessageVisibility" in statement["Action"]
            for resource in statement["Resource"]
        }
        assert queues_of(one) <= allowed, name


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


def test_the_template_of_the_one_origin_passes_cfn_lint() -> None:
    lint = Path(sys.executable).with_name("cfn-lint")

    done = subprocess.run(
        [lint, "--region", "eu-west-1", "--", ROOT / "infra" / "console.yaml"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
