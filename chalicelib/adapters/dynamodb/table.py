"""The items of the tables. Keys and what each table holds: docs/data.md."""

from datetime import datetime

from pynamodb.models import Model


class Table(Model):
    """What all tables share: short time-outs and few retries, so that a Lambda fails before it is killed."""

    class Meta:
        connect_timeout_seconds = 2
        read_timeout_seconds = 5
        max_retry_attempts = 3


def epoch(at: datetime) -> int:
    return int(at.timestamp())
