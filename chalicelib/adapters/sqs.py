"""Pushes as queue messages, and the dead-letter queue of the stream."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, get_args

import boto3
import msgspec

from chalicelib.domain.notice import Notice
from chalicelib.ports import Connection, Push
from chalicelib.settings import Settings

BATCH = 10  # SendMessageBatch, Amazon SQS quotas


NOTICES: Mapping[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}


class Message(msgspec.Struct, frozen=True):
    """A push as it waits in the queue; `kind` names the notice's type."""

    kind: str
    notice: msgspec.Raw
    connections: tuple[Connection, ...]


def push_from(body: str) -> Push:
    """Parse a message; raises msgspec.DecodeError, KeyError for a kind of notice that is not known."""
    message = msgspec.json.decode(body, type=Message)
    return Push(msgspec.json.decode(message.notice, type=NOTICES[message.kind]), message.connections)


def message_of(push: Push) -> str:
    notice = msgspec.Raw(msgspec.json.encode(push.notice))
    return msgspec.json.encode(Message(type(push.notice).__name__, notice, push.connections)).decode()


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
