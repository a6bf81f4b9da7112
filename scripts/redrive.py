"""Take up again what waits in a dead-letter queue, once its cause is mended.

    python -m scripts.redrive plan|push|failover|removal|revoke [--most N] [--dry-run]

Run with the operator's own AWS credentials in the environment of the functions (`…_TABLE`, `PUSH_QUEUE_URL`,
`CHECK_QUEUE_URL`, `FAILOVER_QUEUE_URL`, `REMOVAL_QUEUE_URL`, `PLAN_DEAD_LETTER_QUEUE_URL`,
`REVOKE_DEAD_LETTER_QUEUE_URL`, `AWS_REGION`).

push, failover, removal: messages go back to the queue they came from. plan: changes are planned once more, from the
record that was kept whole, or from the change log when the record cannot be read; of what Lambda gave up by itself
only the time is known, so all changes of that time are planned. revoke: sockets are ended of whoever's account was
changed at that time, by the audit log. All of it may be done twice without harm.

A message is deleted once it was taken up; one that fails stays where it is. No more are taken than waited at the
start. Progress goes to standard error; at the end {"taken": …, "failed": …, "waiting": …} is printed, and the exit
code is 1 when any failed. With --dry-run nothing is done: it prints what waits, by kind.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from chalicelib.adapters.dynamodb.streams import change_from, key_of
from chalicelib.adapters.queues.messages import removal_from, removal_text
from chalicelib.bootstrap.container import container
from chalicelib.settings import Settings

MOST = 1_000
BATCH = 10  # ReceiveMessage, Amazon SQS quotas
HIDDEN_S = 300  # from others while this looks at them
EMPTY_ANSWERS = 3  # in a row: a short poll does not ask all of SQS's servers
AROUND = timedelta(minutes=5)  # the times of a change and of its record are of two clocks

Message = Mapping[str, Any]
TakeUp = Callable[[str], None]
"""Take up a message by its body; raises whatever hinders it."""


@dataclass(frozen=True, slots=True)
class Letters:
    """A dead-letter queue. `take_up`: what is done with one of its messages."""

    sqs: Any
    url: str
    take_up: TakeUp

    def waiting(self) -> int:
        name = "ApproximateNumberOfMessages"
        return int(self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])["Attributes"][name])

    def received(self, most: int) -> Iterator[list[Message]]:
        """Up to so many messages, in batches; until nothing more is there."""
        left, empty = most, 0
        while left > 0 and empty < EMPTY_ANSWERS:
            answer = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=min(BATCH, left), VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=1
            )
            messages = answer.get("Messages", [])
            empty = 0 if messages else empty + 1
            left -= len(messages)
            if messages:
                yield messages

    def show_again(self, message: Message) -> None:
        self.sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )

    def delete(self, message: Message) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queue", choices=["plan", "push", "failover", "removal", "revoke"], help="whose dead letters")
    parser.add_argument("--most", type=_count, default=MOST, metavar="N", help="take N at most (%(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="say what waits, and do nothing")
    given = parser.parse_args(arguments)
    letters = _letters(given.queue, container().settings)
    most = min(letters.waiting(), given.most)
    if given.dry_run:
        print(json.dumps(_seen(letters, most)))
        return 0
    taken, failed = _taken_up(letters, most)
    print(json.dumps({"taken": taken, "failed": failed, "waiting": letters.waiting()}))
    return 1 if failed else 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _taken_up(letters: Letters, most: int) -> tuple[int, int]:
    taken, failed = 0, []
    for messages in letters.received(most):
        for message in messages:
            try:
                letters.take_up(message["Body"])
            except Exception as error:  # noqa: BLE001  one bad message must not keep the others
                print(f"redrive: {message['MessageId']} stays: {error!r}", file=sys.stderr)
                failed.append(message)
                continue
            letters.delete(message)
            taken += 1
        print(f"redrive: {taken} of {most} taken up, {len(failed)} failed", file=sys.stderr)
    for message in failed:
        letters.show_again(message)
    return taken, len(failed)


def _seen(letters: Letters, most: int) -> dict[str, int]:
    """How many of each kind wait; all are seen again at once."""
    messages = [message for batch in letters.received(most) for message in batch]
    for message in messages:
        letters.show_again(message)
    return dict(Counter(_kind(message["Body"]) for message in messages))


def _kind(body: str) -> str:
    try:
        message = json.loads(body)
    except ValueError:
        return "unreadable"
    if "DDBStreamBatchInfo" in message:
        return "given up by Lambda"
    if "record" in message:
        return f"not planned: {str(message.get('reason')).partition('(')[0]}"
    return str(message.get("kind") or message.get("type") or "removal")


def _letters(queue: str, settings: Settings) -> Letters:
    sqs = boto3.client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3}),
    )
    if queue == "plan":
        return Letters(sqs, settings.plan_dead_letter_queue_url, _plan)
    if queue == "revoke":
        return Letters(sqs, settings.revoke_dead_letter_queue_url, _revoke)
    source = {
        "push": settings.push_queue_url,
        "failover": settings.failover_queue_url,
        "removal": settings.removal_queue_url,
    }[queue]
    attributes = sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["RedrivePolicy"])["Attributes"]
    arn = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    written = _anew if queue == "removal" else str

    def send(body: str) -> None:
        sqs.send_message(QueueUrl=source, MessageBody=written(body))

    return Letters(sqs, url, send)


def _anew(body: str) -> str:
    """A removal that had come to its last turn has them all again."""
    network_id, _ = removal_from(body)
    return removal_text(network_id, 0)


def _plan(body: str) -> None:
    message = json.loads(body)
    if "DDBStreamBatchInfo" in message:
        container().replans.during(*_time_of(message))
        return
    record = message["record"]
    try:
        change = change_from(record)
    except Exception:  # noqa: BLE001  whatever is wrong with the record, the log may have it right
        network_id, revision = key_of(record)
        if not container().replans.again(network_id, revision):
            raise LookupError(f"the change log has no revision {revision} of {network_id}") from None
        return
    container().plans.plan([change])


def _revoke(body: str) -> None:
    container().lost_revocations.during(*_time_of(json.loads(body)))


def _time_of(message: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """When the records were written that Lambda gave up, with room for clocks that differ."""
    batch = message["DDBStreamBatchInfo"]
    first, last = (datetime.fromisoformat(batch[f"approximateArrivalOf{which}Record"]) for which in ("First", "Last"))
    return first - AROUND, last + AROUND


if __name__ == "__main__":
    sys.exit(main())
