"""The connection that all models share."""

import random
from typing import Any

from pynamodb.connection import Connection

CONFLICT = "TransactionConflictException"
CONFLICTS = 6  # in a row; a transaction holds its items for some milliseconds
FIRST_WAIT_S, LONGEST_WAIT_S = 0.05, 0.8


class PatientConnection(Connection):
    """A connection whose writes of single items wait for a transaction that they meet at their item.

    DynamoDB refuses such a write, botocore does not repeat it, and most callers are frames and
    messages that would be lost for something that is over in a moment. A transaction that meets
    another is cancelled instead: see transact.
    """

    _patient: object = None

    @property
    def client(self) -> Any:
        client: Any = super().client
        if client is not self._patient:
            client.meta.events.register("needs-retry.dynamodb", pause_s)
            self._patient = client
        return client


def pause_s(attempts: int, response: tuple[object, dict[str, Any]] | None = None, **_: object) -> float | None:
    """How long botocore waits before the next attempt, anywhere up to a bound that doubles; None: it does not."""
    code = None if response is None else response[1].get("Error", {}).get("Code")
    if code != CONFLICT or attempts >= CONFLICTS:
        return None
    return random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempts - 1)))
