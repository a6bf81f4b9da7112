"""A batch of a queue: its messages in turn while there is time, and those that failed again within seconds.

Without a word of ours a failed message would wait for its queue's visibility time-out, which is six times what
its function may take.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from chalicelib.bootstrap.container import container
from chalicelib.observability import logger

LONGEST_WAIT_S = 60
AT_ONCE_S = 1  # what there was no time for

Record = Mapping[str, Any]
RemainingSeconds = Callable[[], float]
"""How long the function may still run."""


class Context(Protocol):
    """What Lambda says of an invocation."""

    def get_remaining_time_in_millis(self) -> int: ...


def remaining_of(context: Context) -> RemainingSeconds:
    return lambda: context.get_remaining_time_in_millis() / 1000


def endless() -> float:
    return math.inf


def work_off(
    records: Iterable[Record], work: Callable[[Record], bool], remaining_s: RemainingSeconds, needed_s: float
) -> dict[str, Any]:
    """Work on one record after the other while at least `needed_s` are left; answers which are to come again.

    What failed comes again later each time, what there was no time for at once.

    Args:
        work: answers whether it succeeded.
    """
    again: list[tuple[Record, int]] = []
    for record in records:
        if remaining_s() < needed_s:
            again.append((record, AT_ONCE_S))
        elif not work(record):
            again.append((record, _wait_s(record)))
    _show_again(again)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record, _ in again]}


def _wait_s(record: Record) -> int:
    """Up to 2, 4, 8 … seconds by how often it was received, and at least half of that."""
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    longest: int = min(2 ** min(received, 10), LONGEST_WAIT_S)
    return max(1, round(longest / 2 * (1 + container().randomness.share())))


def _show_again(again: Iterable[tuple[Record, int]]) -> None:
    shown = [(record["eventSourceARN"], record["receiptHandle"], wait) for record, wait in again if _is_of_sqs(record)]
    for source in {source for source, _, _ in shown}:
        waits = {receipt: wait for of, receipt, wait in shown if of == source}
        try:
            container().redelivery.after(source, waits)
        except Exception:  # noqa: BLE001  they are seen again all the same, later
            logger.exception("visibility_not_changed", extra={"messages": len(waits)})


def _is_of_sqs(record: Record) -> bool:
    return "receiptHandle" in record and "eventSourceARN" in record
