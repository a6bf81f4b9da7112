"""Waiting for something to become true, never for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

POLL_S = 0.07

Found = TypeVar("Found")


class NotInTime(Exception):
    """The message names what was waited for."""


def until(look: Callable[[], Found | None], what: str, timeout_s: float, poll_s: float = POLL_S) -> Found:
    """Look again and again until the answer is truthy, and return it.

    Raises:
        NotInTime
    """
    end = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > end:
            raise NotInTime(f"not within {timeout_s:g} s: {what}")
        time.sleep(poll_s)
    return found
