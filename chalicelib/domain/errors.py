"""The few kinds of refusal, and the specific ones a program may want to tell apart.

The entry points map kinds to statuses (one table, `entrypoints/rest/problems.py`). `code`
is stable; the message tells a person what to do next.
"""

from collections.abc import Sequence
from typing import ClassVar

MOST_NAMES = 20  # in a message


class Refusal(Exception):
    """Something that was asked for and will not be done."""

    code: ClassVar[str] = "refused"


class NotFound(Refusal):
    """It does not exist, or the caller may not see it: the two look the same."""

    code = "not_found"


class Conflict(Refusal):
    """It contradicts what is stored."""

    code = "conflict"


class Unauthenticated(Refusal):
    """Nobody we know asks, or no longer."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    code = "forbidden"


class Unavailable(Refusal):
    """Something we need does not answer; trying again after `retry_after_s` helps."""

    code = "unavailable"
    retry_after_s = 30


class Stale(Refusal):
    """The caller's picture of a resource is no longer the stored one."""

    code = "stale"

    def __init__(self) -> None:
        super().__init__("It was changed since you read it, and nothing was written. Read it again and decide again.")


class Busy(Refusal):
    """Too many writes of one thing at once, as `what` names it: nothing was written, trying again helps."""

    code = "busy"

    def __init__(self, what: str = "this network") -> None:
        super().__init__(f"Many callers are changing {what} at once. Nothing was written; try again.")


class Invalid(Refusal):
    """Fields that do not parse; `errors` pairs each field's path with its message."""

    code = "invalid"

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__(listed([f"{field}: {message}" for field, message in errors], "; "))


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """Names in a message, MOST_NAMES of them at most."""
    more = len(names) - MOST_NAMES
    return separator.join(names[:MOST_NAMES]) + (f" and {more} others" if more > 0 else "")


class NetworkNotFound(NotFound):
    """No such network."""

    code = "network_not_found"

    def __init__(self, network_id: str) -> None:
        super().__init__(f"There is no network {network_id}.")
