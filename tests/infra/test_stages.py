"""What both APIs and all logs are like on AWS: throttled, with one stage each, and nothing that outlives the stack."""

import json
import os
import re
from typing import Any

import pytest
from samtranslator.translator.transform import transform

from chalicelib.entrypoints import rest  # its routes declare themselves
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, Anybody
from infra.package import ROOT, package

SAID = re.compile(r"\$context\.([\w.]+)")
LOGGED = {
    *("requestId", "requestTime", "httpMethod", "resourcePath", "status", "responseLatency", "identity.sourceIp"),
    *("error.responseType", "eventType", "routeKey", "integrationLatency", "connectionId"),
}
"""No query, in which a browser's ticket is, and no header."""


assert rest.BLUEPRINTS


def the_template() -> dict[str, Any]:
    template: dict[str, Any] = json.loads((package() / "sam.json").read_text())
    return template


@pytest.fixture(scope="module")
def translated() -> dict[str, Any]:
    """The resources that CloudFormation makes of SAM's."""

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    template = the_template()
    for found in template["Resources"].values():
        if found["Type"] == "AWS::Serverless::Function":
            found["Properties"]["CodeUri"] = {"Bucket": "artefacts", "Key": "deployment.zip"}
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    try:
        made: dict[str, Any] = transform(template, {}, NoManagedPolicies())
    finally:
        os.environ.pop("AWS_DEFAULT_REGION")
        os.environ.update({} if before is None else {"AWS_DEFAULT_REGION": before})
    return dict(made["Resources"])


def test_rest_is_open_at_one_stage(translated: dict[str, Any]) -> None:
    stages = [found["Properties"] for found in translated.values() if found["Type"] == "AWS::ApiGateway::Stage"]
    deployments = [found for found in translated.values() if found["Type"] == "AWS::ApiGateway::Deployment"]

    assert [stage["StageName"] for stage in stages] == ["api"]
    assert [deployment["Properties"].get("StageName") for deployment in deployments] == [None]


def test_both_apis_are_throttled_as_a_whole() -> None:
    resources = the_template()["Resources"]
    most = {"ThrottlingRateLimit": {"Ref": "RequestsPerSecond"}, "ThrottlingBurstLimit": {"Ref": "RequestsPerSecond"}}

    assert {"ResourcePath": "/*", "HttpMethod": "*", **most} in resources["RestAPI"]["Properties"]["MethodSettings"]
    assert resources["WebsocketAPIStage"]["Properties"]["DefaultRouteSettings"] == most


def test_what_anybody_may_call_is_throttled_tighter_and_is_a_route() -> None:
    properties = the_template()["Resources"]["RestAPI"]["Properties"]
    least = the_template()["Parameters"]["RequestsPerSecond"]["Default"]
    tighter = [one for one in properties["MethodSettings"] if one["ResourcePath"] != "/*"]
    routes = {one["ResourcePath"].removeprefix("/").replace("~1", "/"): one["HttpMethod"] for one in tighter}

    anybodys = {one.path for one in OPERATIONS if isinstance(one.access, Anybody) and one.method != "GET"}
    assert routes.keys() == {f"/v1{path}" for path in (*anybodys, "/ws/tickets", "/openapi.json")}
    for path, method in routes.items():
        assert method.lower() in properties["DefinitionBody"]["paths"][path]
    for one in tighter:
        assert one["ThrottlingRateLimit"] <= one["ThrottlingBurstLimit"] < least


def test_every_function_logs_to_a_group_of_its_own_that_forgets_and_ends_with_the_stack() -> None:
    resources = the_template()["Resources"]
    functions = {name: found for name, found in resources.items() if found["Type"] == "AWS::Serverless::Function"}
    groups = {name: found for name, found in resources.items() if found["Type"] == "AWS::Logs::LogGroup"}

    for name, function in functions.items():
        assert function["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}Log"}
    assert groups.keys() == {*(f"{name}Log" for name in functions), "AccessLog"}
    for group in groups.values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert not {"DeletionPolicy", "UpdateReplacePolicy"} & group.keys()
    assert len({json.dumps(group["Properties"]["LogGroupName"]) for group in groups.values()}) == len(groups)


def test_a_functions_log_keeps_its_form(translated: dict[str, Any]) -> None:
    for found in translated.values():
        if found["Type"] == "AWS::Lambda::Function":
            assert found["Properties"]["LoggingConfig"]["LogFormat"] == "JSON"
            assert found["Properties"]["LoggingConfig"]["SystemLogLevel"] == "WARN"


def test_an_access_log_is_json_without_secrets() -> None:
    resources = the_template()["Resources"]
    rest = resources["RestAPI"]["Properties"]["AccessLogSetting"]
    sockets = resources["WebsocketAPIStage"]["Properties"]["AccessLogSettings"]

    for setting in (rest, sockets):
        condition, told, otherwise = setting["Fn::If"]
        assert (condition, otherwise) == ("HasAccessLogs", {"Ref": "AWS::NoValue"})
        assert set(SAID.findall(told["Format"])) <= LOGGED
        assert json.loads(told["Format"])["status"] == "$context.status"


def test_the_authorizer_of_sockets_is_asked_at_every_handshake() -> None:
    """A source that is missing in a request is refused without asking: both agents and browsers send this one."""
    source = the_template()["Resources"]["SocketAuthorizer"]["Properties"]["IdentitySource"]

    assert source == ["route.request.header.Sec-WebSocket-Key"]
    [passed] = re.findall(r"Headers: \[(.*Sec-WebSocket.*)\]", (ROOT / "infra" / "console.yaml").read_text())
    assert "Sec-WebSocket-Key" in passed.split(", ")  # the CDN passes it on
