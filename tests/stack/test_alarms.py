"""Alarms as they are deployed: one that sees what it watches goes off, and is quiet again."""

from typing import Any

import pytest

from infra.stack.deploy import client
from infra.stack.local_stack import LocalStack

pytestmark = pytest.mark.stack


def states(cloudwatch: Any) -> dict[str, str]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    return {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}


def test_every_alarm_goes_off_when_its_metric_passes_its_threshold(stack: LocalStack) -> None:
    cloudwatch = client(stack.cloud, "cloudwatch")
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    assert len(alarms) > 30
    assert "ALARM" not in states(cloudwatch).values()

    for alarm in alarms:
        seen = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": alarm["Threshold"] + 1}
        cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[seen])

    assert set(states(cloudwatch).values()) == {"ALARM"}
