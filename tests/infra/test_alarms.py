"""Whatever may fail on AWS raises an alarm: every function, queue, stream and API, by kind."""

import json
import re
from typing import Any

import pytest

from chalicelib import observability
from infra.package import ROOT, package

DIMENSIONS = {
    "AWS/ApiGateway 5XXError": ("ApiName", "Stage"),
    "AWS/ApiGateway ExecutionError": ("ApiId", "Stage"),
    "AWS/ApiGateway IntegrationError": ("ApiId", "Stage"),
    "AWS/Lambda Errors": ("FunctionName",),
    "AWS/Lambda IteratorAge": ("FunctionName",),
    "AWS/Lambda Throttles": ("FunctionName",),
    "AWS/SQS ApproximateAgeOfOldestMessage": ("QueueName",),
    "AWS/SQS ApproximateNumberOfMessagesVisible": ("QueueName",),
}
"""Metrics and the dimensions under which AWS keeps them.

Source: the pages "metrics and dimensions" of the developer guides of API Gateway (REST and WebSocket APIs), Lambda
and SQS.
"""
COUNTED = re.compile(r'\bcount\(\s*"(\w+)"')


def resources(kind: str) -> dict[str, Any]:
    template = json.loads((package() / "sam.json").read_text())["Resources"]
    return {name: found.get("Properties", {}) for name, found in template.items() if found["Type"] == kind}


def alarms() -> list[dict[str, Any]]:
    return list(resources("AWS::CloudWatch::Alarm").values())


def watched(metric: str) -> list[Any]:
    """The first dimension's value of each alarm on a metric: what it watches."""
    namespace, _, name = metric.partition(" ")
    of_metric = [alarm for alarm in alarms() if (alarm["Namespace"], alarm["MetricName"]) == (namespace, name)]
    return [alarm["Dimensions"][0]["Value"] for alarm in of_metric]


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_is_watched_for(metric: str) -> None:
    functions = [{"Ref": name} for name in resources("AWS::Serverless::Function")]

    assert len(functions) >= 10
    assert sorted(map(str, watched(f"AWS/Lambda {metric}"))) == sorted(map(str, functions))


def test_every_queue_is_watched_for_messages_that_wait_and_those_of_dead_letters_for_any() -> None:
    queues = resources("AWS::SQS::Queue")
    redriven = [queue["RedrivePolicy"]["deadLetterTargetArn"] for queue in queues.values() if "RedrivePolicy" in queue]
    destinations = [
        source["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
        for source in sources()
        if "DestinationConfig" in source["Properties"]
    ]
    dead = {target["Fn::GetAtt"][0] for target in redriven + destinations}

    assert named(watched("AWS/SQS ApproximateNumberOfMessagesVisible")) == dead
    assert named(watched("AWS/SQS ApproximateAgeOfOldestMessage")) == queues.keys() - dead


def test_a_stream_is_watched_for_lag_unless_its_old_records_are_dropped() -> None:
    follows = {
        name
        for name, function in resources("AWS::Serverless::Function").items()
        for source in function.get("Events", {}).values()
        if source["Type"] == "DynamoDB" and "MaximumRecordAgeInSeconds" not in source["Properties"]
    }

    assert follows
    assert {value["Ref"] for value in watched("AWS/Lambda IteratorAge")} == follows


def test_the_rest_api_is_watched_by_the_name_it_has() -> None:
    [api] = resources("AWS::Serverless::Api").values()

    assert watched("AWS/ApiGateway 5XXError") == [api["DefinitionBody"]["info"]["title"]]
    assert stages("5XXError") == [api["StageName"]]


def test_the_api_of_sockets_is_watched_for_functions_that_it_cannot_call_and_those_that_fail() -> None:
    [api], [stage] = resources("AWS::ApiGatewayV2::Api"), resources("AWS::ApiGatewayV2::Stage").values()

    for metric in ("ExecutionError", "IntegrationError"):
        assert watched(f"AWS/ApiGateway {metric}") == [{"Ref": api}]
        assert stages(metric) == [stage["StageName"]]


def test_what_the_code_counts_has_an_alarm_and_an_alarm_has_what_counts() -> None:
    texts = [path.read_text() for path in (ROOT / "chalicelib").rglob("*.py")]
    counted = {metric for text in texts for metric in COUNTED.findall(text)}

    assert {alarm["MetricName"] for alarm in alarms() if alarm["Namespace"] == observability.NAMESPACE} == counted


def test_a_count_is_what_its_alarm_watches(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "wirety")  # as the template's Globals say

    observability.count("RequestFailed", route="/networks")

    printed = json.loads(capsys.readouterr().out)
    [emitted] = printed["_aws"]["CloudWatchMetrics"]
    for alarm in alarms():
        if alarm["Namespace"] == observability.NAMESPACE:
            assert emitted["Namespace"] == alarm["Namespace"]
            assert emitted["Dimensions"] == [[dimension["Name"] for dimension in alarm["Dimensions"]]]
            assert all(printed[dimension["Name"]] == dimension["Value"] for dimension in alarm["Dimensions"])
    assert [metric["Name"] for metric in emitted["Metrics"]] == ["RequestFailed"]


def test_every_alarm_watches_what_aws_keeps_tells_the_topic_and_is_silent_without_data() -> None:
    for alarm in alarms():
        if alarm["Namespace"] != observability.NAMESPACE:
            known = DIMENSIONS[f"{alarm['Namespace']} {alarm['MetricName']}"]
            assert tuple(dimension["Name"] for dimension in alarm["Dimensions"]) == known
        assert alarm["AlarmActions"]["Fn::If"][1] == [{"Ref": "AlarmTopicArn"}]
        assert (alarm["TreatMissingData"], alarm["ComparisonOperator"]) == ("notBreaching", "GreaterThanThreshold")
        assert alarm["AlarmDescription"]


def sources() -> list[dict[str, Any]]:
    functions = resources("AWS::Serverless::Function").values()
    return [source for function in functions for source in function.get("Events", {}).values()]


def stages(metric: str) -> list[str]:
    return [alarm["Dimensions"][1]["Value"] for alarm in alarms() if alarm["MetricName"] == metric]


def named(values: list[Any]) -> set[str]:
    assert all(value["Fn::GetAtt"][1] == "QueueName" for value in values)
    return {value["Fn::GetAtt"][0] for value in values}
