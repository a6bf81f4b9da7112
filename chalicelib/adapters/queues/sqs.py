"""The queues of pushes, failover tasks, words on keys and removals, and the dead-letter queue of the stream."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config

from chalicelib.adapters.queues.messages import failover_task_text, held_text, hook_task_text, message_of, removal_text
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.domain.webhook.delivery import HookTask
from chalicelib.ports.queues import Check, LookTask, Push
from chalicelib.settings import Settings

BATCH = 10  # SendMessageBatch, Amazon SQS quotas


class SqsPushQueue:
    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url, self._checks_url = settings.push_queue_url, settings.check_queue_url

    def send(self, pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None:
        wait_s = int(delay.total_seconds())
        _send_all(self._sqs, self._url, [(message_of(push), wait_s) for push in pushes])

    def remind(self, check: Check, delay: timedelta) -> None:
        self._sqs.send_message(
            QueueUrl=self._checks_url, MessageBody=message_of(check), DelaySeconds=int(delay.total_seconds())
        )


class SqsFailoverQueue:
    """Jumps that may be dead: what is to be looked at, now or later."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.failover_queue_url

    def put(self, task: LookTask, delay: timedelta = timedelta(0)) -> None:
        self._sqs.send_message(
            QueueUrl=self._url, MessageBody=failover_task_text(task), DelaySeconds=int(delay.total_seconds())
        )


class SqsHeldQueue:
    """What agents say of preshared keys; Lambda collects it by the batch."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.held_queue_url

    def put(self, word: PskHeld) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=held_text(word))


class SqsHookQueue:
    """What is to be sent to webhooks."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url, self._dead_url = settings.webhook_queue_url, settings.webhook_dead_letter_queue_url

    def put(self, tasks: Iterable[HookTask], delay: timedelta = timedelta(0)) -> None:
        wait_s = int(delay.total_seconds())
        _send_all(self._sqs, self._url, [(hook_task_text(task), wait_s) for task in tasks])

    def put_aside(self, task: HookTask) -> None:
        self._sqs.send_message(QueueUrl=self._dead_url, MessageBody=hook_task_text(task))


class SqsRemovalQueue:
    """Networks that are being deleted: one message a network, sent again while something is left."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.removal_queue_url

    def start(self, network_id: NetworkId, turn: int = 0) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=removal_text(network_id, turn))


class SqsRedelivery:
    """Visibility of messages in the queues that this function reads."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        urls = (
            settings.push_queue_url,
            settings.check_queue_url,
            settings.failover_queue_url,
            settings.held_queue_url,
            settings.removal_queue_url,
            settings.webhook_queue_url,
        )
        self._urls = {url.rpartition("/")[2]: url for url in urls if url}

    def after(self, source: str, waits_s: Mapping[str, int]) -> None:
        entries = [
            {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": wait_s}
            for n, (receipt, wait_s) in enumerate(waits_s.items())
        ]
        queue = self._urls[source.rpartition(":")[2]]
        for at in range(0, len(entries), BATCH):
            answer = self._sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries[at : at + BATCH])
            if failed := answer.get("Failed"):
                raise RuntimeError(f"{len(failed)} messages keep their visibility: {failed[0].get('Code')}")


class SqsDeadLetters:
    """Whole records that could not be planned."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.plan_dead_letter_queue_url

    def put(self, record: Mapping[str, object], reason: str) -> None:
        body = json.dumps({"reason": reason, "record": record}, default=str)
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)


def _send_all(sqs: Any, url: str, messages: Sequence[tuple[str, int]]) -> None:
    """Send bodies, each with its delay in seconds."""
    for at in range(0, len(messages), BATCH):
        entries = [
            {"Id": str(n), "MessageBody": body, "DelaySeconds": wait_s}
            for n, (body, wait_s) in enumerate(messages[at : at + BATCH])
        ]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if failed := answer.get("Failed"):
            raise RuntimeError(f"{len(failed)} messages were not queued: {failed[0].get('Code')}")


def _client(settings: Settings) -> Any:
    """Bounded, so that a function fails before it is killed."""
    return boto3.client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3}),
    )
