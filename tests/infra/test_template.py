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


def test_a_push_stays_invisible_six_times_as_long_as_its_delivery_may_take() -> None:
    found = resources()

    visible_after = found["PushQueue"]["Properties"]["VisibilityTimeout"]
    assert visible_after >= 6 * found["Deliver"]["Properties"]["Timeout"]


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


def test_every_parameter_is_described_and_can_be_given_to_make_deploy() -> None:
    parameters = json.loads((package() / "sam.json").read_text())["Parameters"]
    readme, script = ((ROOT / path).read_text() for path in ("infra/README.md", "scripts/deploy.sh"))

    for name in parameters:
        assert f"| `{name}` |" in readme, name
        assert f'"{name}=$' in script, name
