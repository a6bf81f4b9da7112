"""The queues of pushes, errands, words on keys and removals, and the dead-letter queue of the stream."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import boto3

from chalicelib.adapters.messages import errand_text, held_text, message_of
from chalicelib.domain.failover import Errand
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.rotation import PskHeld
from chalicelib.ports import Check, Push
from chalicelib.settings import Settings

BATCH = 10  # SendMessageBatch, Amazon SQS quotas


class SqsPushQueue:
    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.push_queue_url

    def send(self, pushes: Iterable[Push], delay: timedelta = timedelta(0)) -> None:
        entries = [
            {
                "Id": str(n),
                "MessageBody": message_of(push),
                "DelaySeconds": int(delay.total_seconds()),
            }
            for n, push in enumerate(pushes)
        ]
        for at in range(0, len(entries), BATCH):
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries[at : at + BATCH])
            if failed := answer.get("Failed"):
                raise RuntimeError(f"{len(failed)} pushes were not queued: {failed[0].get('Code')}")

    def remind(self, check: Check, delay: timedelta) -> None:
        self._sqs.send_message(
            QueueUrl=self._url, MessageBody=message_of(check), DelaySeconds=int(delay.total_seconds())
        )


class SqsErrandQueue:
    """Jumps that may be dead: what is to be looked at, now or later."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.errand_queue_url

    def put(self, errand: Errand, delay: timedelta = timedelta(0)) -> None:
        self._sqs.send_message(
            QueueUrl=self._url, MessageBody=errand_text(errand), DelaySeconds=int(delay.total_seconds())
        )


class SqsHeldQueue:
    """What agents say of preshared keys; Lambda collects it by the batch."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.held_queue_url

    def put(self, word: PskHeld) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=held_text(word))


class SqsRemovalQueue:
    """Networks that are being deleted: one message a network, sent again while something is left."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.removal_queue_url

    def start(self, network_id: NetworkId) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps({"network_id": network_id}))


class SqsDeadLetters:
    """Whole records that could not be planned."""

    def __init__(self, settings: Settings) -> None:
        self._sqs = _client(settings)
        self._url = settings.plan_dead_letter_queue_url

    def bury(self, record: Mapping[str, object], reason: str) -> None:
        body = json.dumps({"reason": reason, "record": record}, default=str)
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)


def _client(settings: Settings) -> Any:
    return boto3.client("sqs", region_name=settings.region, endpoint_url=settings.endpoint_url)
