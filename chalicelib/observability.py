"""The logger, and counts that alarms watch. Events have constant names; ids go beside them, never
a key, token or config."""

from aws_lambda_powertools import Logger

logger = Logger(service="wirety", serialize_stacktrace=False)

NAMESPACE = "Wirety"


def count(metric: str, **fields: object) -> None:
    """Count something that should not happen, for the alarm on it, and log what it was."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # import time: it is for what is rare

    with single_metric(metric, MetricUnit.Count, 1, namespace=NAMESPACE) as counted:
        for name, value in fields.items():
            counted.add_metadata(name, value)
