"""Many small writes in few requests: `BatchExecuteStatement`, whose statements stand or fall alone.

Not a transaction: that would cost twice the writes, and turn away a heartbeat that comes meanwhile.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pynamodb.connection import TableConnection
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

AT_ONCE = 16
STATEMENTS = 25  # BatchExecuteStatement
UNMET = frozenset(("ConditionalCheckFailed", "DuplicateItem"))
ATTEMPTS, FIRST_WAIT_S, LONGEST_WAIT_S = 5, 0.05, 1.0

Value = dict[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """One PartiQL write of one item, with its condition."""

    text: str
    parameters: Sequence[Value]


def run(table: TableConnection, statements: Sequence[Statement]) -> list[bool]:
    """Run all of them, 1 request a 25, some at the same time; answers for each whether its condition held.

    Those that the store was too busy for, or that met a transaction, are run again; it raises when that
    does not end.
    """
    batches = [statements[at : at + STATEMENTS] for at in range(0, len(statements), STATEMENTS)]
    if len(batches) <= 1:
        return [is_met for batch in batches for is_met in _run(table, batch)]
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(batches))) as pool:
        return [is_met for met in pool.map(lambda batch: _run(table, batch), batches) for is_met in met]


class _Contended(Exception):
    """Statements of a batch that the store could not run now."""

    def __init__(self, codes: Collection[str]) -> None:
        super().__init__(", ".join(sorted(set(codes))))


def _run(table: TableConnection, batch: Sequence[Statement]) -> list[bool]:
    met = [False] * len(batch)
    left = list(range(len(batch)))
    for attempt in Retrying(
        retry=retry_if_exception_type(_Contended),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    ):
        with attempt:
            codes = dict(zip(left, _codes(table, [batch[at] for at in left]), strict=True))
            for at, code in codes.items():
                met[at] = code is None
            busy = {at: code for at, code in codes.items() if code is not None and code not in UNMET}
            left = list(busy)
            if busy:
                raise _Contended(busy.values())
    return met


def _codes(table: TableConnection, batch: Sequence[Statement]) -> list[str | None]:
    """Why each was not done; None: it was."""
    client: Any = table.connection.client
    sent = [{"Statement": one.text, "Parameters": list(one.parameters)} for one in batch]
    answer = client.batch_execute_statement(Statements=sent)
    return [response["Error"]["Code"] if "Error" in response else None for response in answer["Responses"]]
